"""Real Celery workers, beat and broker: worker processes die at random, and the broker forgets everything once."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection as database
from pytest_django.fixtures import Settings

from connections.sandbox.users import read_users
from connections.services import open_connection
from mantik.up.ports import free_port
from mantik.up.stack import Options, Stack
from runs.models import Run
from runs.states import RunState
from tests.exactly_once.conftest import database_url
from tests.mlflow.processes import processes
from tests.support.mlflow_server import MlflowServer
from tests.support.waiting import wait_until
from tests.support.world import World, make_world

RUNS = 12
KILLS = 20


@pytest.fixture
def stack(transactional_db: None, settings: Settings, tmp_path: Path, mlflow_server: MlflowServer) -> Iterator[Stack]:
    """On the database of this test, so that it can look on."""
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    settings.MANTIK_DATA_DIR = tmp_path / "stack"
    environment = {
        "DJANGO_SETTINGS_MODULE": "mantik.settings",
        "MANTIK_DEBUG": "1",
        "MANTIK_DATABASE_URL": database_url(database.settings_dict),
        "MANTIK_SECRET_KEY": django_settings.SECRET_KEY,
        "MANTIK_ENCRYPTION_KEYS": ",".join(django_settings.MANTIK_ENCRYPTION_KEYS),
        "MANTIK_GIT_ALLOW_LOCAL": "1",
        # Nobody here waits minutes for the lease of a worker that was killed.
        "MANTIK_SUBMIT_LEASE_SECONDS": "3",
        "MANTIK_SUBMIT_SETTLE_SECONDS": "3",
        "MANTIK_POLL_SECONDS": "1",
    }
    options = Options(
        data_dir=tmp_path / "stack",
        port=free_port(),
        broker_url=os.environ.get("MANTIK_TEST_BROKER_URL", ""),
        mlflow_uri=mlflow_server.uri,
        with_sandbox=True,
        worker_processes=3,
        environment=environment,
    )
    with Stack(options) as running:
        yield running


@pytest.fixture
def world(stack: Stack, tmp_path: Path) -> World:
    user = next(user for user in read_users(stack.options.data_dir / "sandbox" / "users.json") if user.login == "demo")
    assert stack.sandbox_url
    return make_world(tmp_path / "world", base_url=stack.sandbox_url, login=user.login, password=user.password)


def kill_one(stack: Stack) -> bool:
    """SIGKILL one of the processes that work for the worker."""
    pool = [process.pid for process in processes() if process.parent == stack.pids["worker"]]
    if not pool:
        return False
    with suppress(ProcessLookupError):
        os.kill(random.choice(pool), signal.SIGKILL)
    return True


def forget_everything(stack: Stack) -> None:
    client = redis.Redis.from_url(stack.broker_url.replace("redis+socket://", "unix://"))
    client.flushall()
    client.close()


@pytest.mark.timeout(300)
def test_every_run_gets_one_started_job_whatever_dies(stack: Stack, world: World) -> None:
    runs = [world.start_run(f"run {number}", parameters={"seconds": "0.5"}) for number in range(RUNS)]
    killed = 0
    for number in range(KILLS):
        killed += kill_one(stack)
        if number == KILLS // 2:
            forget_everything(stack)
        time.sleep(0.4)
        stack.check()

    wait_until(lambda: all(run.is_terminal and run.next_poll_at is None for run in Run.objects.all()), seconds=200)

    site = open_connection(world.connection)
    for run in Run.objects.all():
        assert run.state == RunState.FINISHED, (run.state, run.outcome)
        assert world.starts_of(run) == 1
        assert len(site.find_jobs(run.submission_tag)) == 1
    assert Run.objects.count() == len(runs) == RUNS
    assert killed > KILLS // 2
