"""Mantik as it runs, with canaries for secrets, at DEBUG level, and with a git host that asks for a token."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.conf import global_settings
from django.db import connection as database
from pytest_django.fixtures import Settings

from mantik.demo.sandbox.users import SiteUser, write_users
from mantik.up.ports import free_port
from mantik.up.stack import Options, Stack
from tests.canary import canaries
from tests.connections.git.host import Certificate, GitHost, make_certificate
from tests.connections.git.repository import Repository
from tests.support.mlflow_server import MlflowServer
from tests.support.redis import Broker, broker_of_ones_own
from tests.support.stacks import database_url

INLINE_BYTES = 20_000


@dataclass(frozen=True)
class Scene:
    """A running stack, what its processes have written, and a git host that lets in who has the token."""

    stack: Stack
    host: GitHost
    repository: Repository
    data_dir: Path
    lines: list[tuple[str, str]] = field(default_factory=list)


@pytest.fixture
def scene(transactional_db: None, settings: Settings, tmp_path: Path, mlflow_server: MlflowServer) -> Iterator[Scene]:
    certificate = make_certificate(_directory(tmp_path / "tls"))
    data_dir = tmp_path / "stack"
    settings.SECRET_KEY = canaries.SECRET_KEY.value
    settings.MANTIK_ENCRYPTION_KEYS = [key.value for key in canaries.ENCRYPTION_KEYS]
    # The members' passwords are made here, and checked by the web server.
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS
    write_users(
        _directory(data_dir / "sandbox") / "users.json", [SiteUser("demo", canaries.SITE_PASSWORD.value, "CN=Demo")]
    )
    repository = Repository(tmp_path / "code")
    lines: list[tuple[str, str]] = []
    secret_files = _secret_files(tmp_path / "secrets")
    with broker_of_ones_own() as broker, _host(repository, certificate) as host:
        options = _options(data_dir, certificate, secret_files, mlflow_server, broker)
        with Stack(options, output=lambda name, line: lines.append((name, line))) as stack:
            yield Scene(stack, host, repository, data_dir, lines)


def _host(repository: Repository, certificate: Certificate) -> GitHost:
    host = GitHost(repository.path, certificate)
    host.login = ("oauth2", canaries.GIT_TOKEN.value)
    # Long enough for the processes of a fetch to be seen.
    host.delay = 0.15
    return host


def _options(
    data_dir: Path,
    certificate: Certificate,
    secret_files: dict[str, str],
    mlflow_server: MlflowServer,
    broker: Broker,
) -> Options:
    port = free_port()
    environment = {
        "DJANGO_SETTINGS_MODULE": "mantik.settings",
        "MANTIK_DEBUG": "1",
        "MANTIK_DEBUG_PAGES": "0",
        "MANTIK_DATABASE_URL": database_url(database.settings_dict),
        "MANTIK_BASE_URL": f"http://127.0.0.1:{port}",
        "MANTIK_LOG_LEVEL": "DEBUG",
        "MANTIK_SUBMIT_INLINE_BYTES": str(INLINE_BYTES),
        "MANTIK_POLL_SECONDS": "1",
        # The host's certificate is its own authority.
        "GIT_SSL_CAINFO": str(certificate.certificate),
        **secret_files,
    }
    return Options(
        data_dir=data_dir,
        port=port,
        broker_url=broker.url,
        broker_prefix=broker.prefix,
        mlflow_uri=mlflow_server.uri,
        mlflow_token=canaries.MLFLOW_TOKEN.value,
        with_sandbox=True,
        environment=environment,
    )


def _secret_files(directory: Path) -> dict[str, str]:
    """As containers get them: the environment holds only their names."""
    values = {
        "SECRET_KEY": canaries.SECRET_KEY.value,
        "ENCRYPTION_KEYS": ",".join(key.value for key in canaries.ENCRYPTION_KEYS),
        "METRICS_TOKEN": canaries.METRICS_TOKEN.value,
    }
    for name, value in values.items():
        (_directory(directory) / name).write_text(value)
    return {f"MANTIK_{name}_FILE": str(directory / name) for name in values}


def _directory(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path
