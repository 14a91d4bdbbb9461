"""Real git repositories, and a real host that serves one over https with a token."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from connections.git.mirror import Mirror
from tests.connections.git.host import NAME, Certificate, GitHost, make_certificate
from tests.connections.git.repository import Repository

MirrorMaker = Callable[..., Mirror]


@pytest.fixture(autouse=True)
def local_allowed(settings: Settings, tmp_path: Path) -> None:
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_DATA_DIR = tmp_path / "data"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """`main` with an MLproject, a folder, a script, a link and an LFS pointer."""
    made = Repository(tmp_path / "source")
    made.write("MLproject", "name: test\n")
    made.write("conf/site.json", "{}\n")
    made.write("train.sh", "#!/bin/sh\n", executable=True)
    made.link("link", "conf/site.json")
    made.link("folder-link", "conf")
    made.write("model.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
    made.commit("First")
    return made


@pytest.fixture
def make_mirror(repository: Repository, tmp_path: Path) -> MirrorMaker:
    def make(**changes: Any) -> Mirror:
        usual: dict[str, Any] = {"key": "code", "url": str(repository.path), "root": tmp_path / "mirrors"}
        return Mirror(**usual | changes)

    return make


@pytest.fixture
def mirror(make_mirror: MirrorMaker) -> Mirror:
    """Refreshed once."""
    made = make_mirror()
    made.refresh()
    return made


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def host(repository: Repository, certificate: Certificate) -> Iterator[GitHost]:
    with GitHost(repository.path, certificate) as running:
        yield running


@pytest.fixture
def name_elsewhere(monkeypatch: pytest.MonkeyPatch) -> str:
    """A name that leads to this machine, as far as this process knows and no other."""
    real = socket.getaddrinfo

    def lookup(host: str, *arguments: Any, **options: Any) -> Any:
        return real("127.0.0.1" if host == NAME else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return NAME
