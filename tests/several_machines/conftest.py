"""Two machines with everything that may run more than once, and one, this one, with what they share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.db import connection as database
from pytest_django.fixtures import Settings

from mantik.up.group import Group
from mantik.up.output import silent
from mantik.up.service_process import Service
from tests.several_machines.forward import passed_on
from tests.several_machines.machines import SHARED, Machine, network, require_machines
from tests.support import mlflow_server, redis
from tests.support.mlflow_server import MlflowServer
from tests.support.sites import RunningSite
from tests.support.stacks import database_url
from tests.support.waiting import wait_until
from tests.support.world import World, make_world


@pytest.fixture
def bridge() -> Iterator[None]:
    if database.vendor != "postgresql":
        pytest.skip("Left out: machines share no SQLite database.")
    require_machines()
    with network():
        yield


@pytest.fixture
def broker(bridge: None, tmp_path: Path) -> Iterator[str]:
    program = shutil.which("redis-server")
    assert program, "redis-server was not found"
    port = mlflow_server.free_port(SHARED)
    options = ("--bind", SHARED, "--protected-mode", "no", "--port", str(port), "--save", "", "--appendonly", "no")
    group = Group(directory=tmp_path, output=silent, is_stopping=lambda: False)
    url = f"redis://{SHARED}:{port}/0"
    group.start([Service("redis", [program, *options], is_ready=lambda: redis.answers(SHARED, port))])
    try:
        group.await_ready()
        yield url
    finally:
        group.stop()


@pytest.fixture
def mlflow(bridge: None, tmp_path: Path) -> Iterator[MlflowServer]:
    directory = tmp_path / "mlflow"
    directory.mkdir()
    with mlflow_server.running(directory, host=SHARED) as server:
        yield server


@pytest.fixture
def world(
    bridge: None, transactional_db: None, settings: Settings, sandbox: RunningSite, tmp_path: Path
) -> Iterator[World]:
    """At a site that all machines reach. Its code was fetched by none of them."""
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    user = sandbox.users["demo"]
    with passed_on(SHARED, "127.0.0.1", port_of(sandbox)):
        yield make_world(tmp_path, base_url=sandbox.base_url, login=user.login, password=user.password)


def port_of(site: RunningSite) -> int:
    port = urlsplit(site.base_url).port
    assert port
    return port


@pytest.fixture
def machines(
    world: World, sandbox: RunningSite, broker: str, mlflow: MlflowServer, settings: Settings, tmp_path: Path
) -> Iterator[list[Machine]]:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    settings.MANTIK_MLFLOW_URI = mlflow.uri
    made = [Machine(number, tmp_path) for number in (1, 2)]
    environment = {
        "DJANGO_SETTINGS_MODULE": "mantik.settings",
        "MANTIK_DEBUG": "1",
        "MANTIK_DATA_DIR": str(data_dir),
        "MANTIK_DATABASE_URL": database_url(database.settings_dict),
        "MANTIK_BROKER_URL": broker,
        "MANTIK_BROKER_PREFIX": "",
        "MANTIK_MLFLOW_URI": mlflow.uri,
        "MANTIK_SECRET_KEY": django_settings.SECRET_KEY,
        "MANTIK_ENCRYPTION_KEYS": ",".join(django_settings.MANTIK_ENCRYPTION_KEYS),
        "MANTIK_ALLOWED_HOSTS": ",".join(machine.address for machine in made),
        "SITE_PORT": str(port_of(sandbox)),
        "MANTIK_GIT_ALLOW_LOCAL": "1",
        "MANTIK_POLL_SECONDS": "1",
        # Nobody here waits for what a machine had in hand that was switched off as long as people do.
        "MANTIK_LEASE_SECONDS": "3",
        "MANTIK_SUBMIT_SETTLE_SECONDS": "3",
    }
    with ExitStack() as exits:
        for machine in made:
            machine.plug_in(exits)
            machine.switch_on(exits, environment)
        wait_until(lambda: all(machine.is_ready for machine in made), seconds=150)
        yield made
        assert list(data_dir.iterdir()) == [], "a data directory is private to its machine"
