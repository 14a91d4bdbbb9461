"""A whole stack of processes on the database of a test, so that the test can look on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings
from django.db import connection as database
from pytest_django.fixtures import Settings

from mantik.demo.sandbox.users import read_users
from mantik.up.ports import free_port
from mantik.up.stack import Options, Stack
from mantik.up.worker import GROUPS
from mantik.up.worker_groups import WorkerGroup
from tests.support.mlflow_server import TOKEN, MlflowServer
from tests.support.redis import broker_of_ones_own
from tests.support.world import World, make_world


@contextmanager
def stack_on_this_database(
    directory: Path,
    *,
    settings: Settings,
    mlflow_server: MlflowServer,
    groups: Sequence[WorkerGroup] = GROUPS,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Stack]:
    """With a sandbox site. `settings` are made the same, as far as it matters to who stores runs."""
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    settings.MANTIK_DATA_DIR = directory / "stack"
    usual = {
        "DJANGO_SETTINGS_MODULE": "mantik.settings",
        "MANTIK_DEBUG": "1",
        "MANTIK_DATABASE_URL": database_url(database.settings_dict),
        "MANTIK_SECRET_KEY": django_settings.SECRET_KEY,
        "MANTIK_ENCRYPTION_KEYS": ",".join(django_settings.MANTIK_ENCRYPTION_KEYS),
        "MANTIK_GIT_ALLOW_LOCAL": "1",
        "MANTIK_POLL_SECONDS": "1",
    }
    with broker_of_ones_own() as broker:
        options = Options(
            data_dir=directory / "stack",
            port=free_port(),
            broker_url=broker.url,
            broker_prefix=broker.prefix,
            mlflow_uri=mlflow_server.uri,
            mlflow_token=TOKEN,
            with_sandbox=True,
            worker_groups=groups,
            environment=usual | dict(environment or {}),
        )
        with Stack(options) as running:
            yield running


def world_at_sandbox(stack: Stack, directory: Path) -> World:
    """Somebody with a connection to the sandbox site of `stack`."""
    user = next(user for user in read_users(stack.options.data_dir / "sandbox" / "users.json") if user.login == "demo")
    assert stack.sandbox_url
    return make_world(directory, base_url=stack.sandbox_url, login=user.login, password=user.password)


def database_url(config: Mapping[str, Any]) -> str:
    if "sqlite" in config["ENGINE"]:
        return f"sqlite:///{config['NAME']}"
    return f"postgresql://{config['USER']}@/{config['NAME']}?host={config['HOST']}"
