"""The fixture `mlflow_server`: a real MLflow server, started once for the session that asks for it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket

import httpx
import pytest

from connections.mlflow.server import server_command, server_environment
from tests import settings
from tests.support.logged_models import empty_registry

TOKEN: str = settings.MANTIK_MLFLOW_TOKEN
# What every request to it has to carry.
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True)
class MlflowServer:
    uri: str
    data_dir: Path
    pid: int


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    with running(tmp_path_factory.mktemp("mlflow")) as server:
        yield server


@contextmanager
def running(data_dir: Path, *, host: str = "127.0.0.1") -> Iterator[MlflowServer]:
    port = free_port(host)
    environment = os.environ | server_environment(port=port, data_dir=data_dir, host=host)
    log = data_dir / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            server_command(port=port, data_dir=data_dir, host=host), env=environment, stdout=output, stderr=output
        )
    try:
        server = MlflowServer(f"http://{host}:{port}", data_dir, process.pid)
        _await(process, server.uri, log)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(autouse=True)
def _registry_is_empty_again(request: pytest.FixtureRequest) -> Iterator[None]:
    """MLflow's registry is one for all projects, and names models by a project's number, which is never given again.

    But by tests it is: SQLite rolls its numbers back. So what one leaves there would be in the way of another.
    """
    yield
    if "mlflow_server" in request.fixturenames:
        empty_registry(request.getfixturevalue("mlflow_server").uri)


def free_port(host: str = "127.0.0.1") -> int:
    with closing(socket()) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _await(process: subprocess.Popen[bytes], uri: str, log: Path) -> None:
    """As long as its process lives: alone it takes 8 seconds, on a busy machine it has taken 100."""
    while process.poll() is None:
        try:
            if httpx.get(f"{uri}/health", headers=HEADERS, timeout=2, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    pytest.fail(f"The MLflow server did not start:\n{log.read_text()[-2000:]}")
