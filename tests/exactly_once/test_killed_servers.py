"""What a training has logged is in MLflow once and in its order, whichever server is killed: MLflow while a worker
applies, the relay between any two calls, the web server to which a relay sends."""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.mlflow.server import is_ready, server_command, server_environment
from mantik.up.ports import free_port
from runs.models import JournalPart, Run
from runs.tracking.run_tokens import make_run_token
from tests.exactly_once.conftest import PATIENCE, Stage, StageMaker, mlflow_label
from tests.exactly_once.logged_job import (
    NAME,
    assert_all_is_there_once,
    finished,
    folder_of,
    log_everything,
    until_home,
)
from tests.exactly_once.test_carrying import REQUESTS
from tests.runs.job.relay.relays import Relay
from tests.support.fault_proxy import Aim, Fault, FaultProxy
from tests.support.mlflow_server import TOKEN
from tests.support.proofs import sample, trials
from tests.support.sites import RunningSite
from tests.support.waiting import wait_until
from tests.support.web_server import web_server

# What workers write while they are killed is tried on both databases (test_carrying.py); here others are.
pytestmark = pytest.mark.any_database
KILLS = (Fault.KILL_BEFORE, Fault.KILL_AFTER)


class MortalMlflow:
    """A real one that can be killed, and started again with what it had. Requests go through `proxy`, which kills."""

    def __init__(self, data_dir: Path) -> None:
        self._port, self._data_dir = free_port(), data_dir
        self._process: subprocess.Popen[bytes] | None = None
        self.uri = f"http://127.0.0.1:{self._port}"
        self.proxy = FaultProxy(self.uri, label=mlflow_label, patience=PATIENCE, kill=self.kill)

    def start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        environment = os.environ | server_environment(port=self._port, data_dir=self._data_dir)
        with (self._data_dir / "server.log").open("ab") as log:
            command = server_command(port=self._port, data_dir=self._data_dir)
            process = self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        wait_until(lambda: process.poll() is not None or is_ready(self.uri, token=TOKEN), seconds=300)
        assert process.poll() is None, (self._data_dir / "server.log").read_text()[-2000:]

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)


@pytest.fixture(scope="module")
def mortal_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MortalMlflow]:
    server = MortalMlflow(tmp_path_factory.mktemp("mortal-mlflow"))
    server.start()
    try:
        with server.proxy:
            yield server
    finally:
        server.kill()


@pytest.fixture(params=["sandbox", pytest.param("unicorex", marks=pytest.mark.unicorex)])
def site(request: pytest.FixtureRequest) -> RunningSite:
    found: RunningSite = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def stage(stage_at: StageMaker, site: RunningSite) -> Stage:
    return stage_at(site)


AIMS_AT_MLFLOW = [Aim(label, fault) for label in REQUESTS if label not in ("list", "read") for fault in KILLS]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("aim", sample(AIMS_AT_MLFLOW, one_in=15), ids=lambda aim: f"{aim.label}-{aim.fault}")
def test_mlflow_that_is_killed_at_a_request_and_started_again(
    stage_at: StageMaker, sandbox: RunningSite, settings: Settings, mortal_mlflow: MortalMlflow, aim: Aim
) -> None:
    mortal_mlflow.start()
    mortal_mlflow.proxy.aim(None)
    stage = stage_at(sandbox)
    settings.MANTIK_MLFLOW_URI = mortal_mlflow.proxy.url
    stage.settings = {"MANTIK_MLFLOW_URI": mortal_mlflow.proxy.url}
    run = finished(stage)
    log_everything(run, folder_of(run, sandbox))
    mortal_mlflow.proxy.aim(aim)
    stage.proved(killed_servers=1)

    def no_worker() -> None:
        # Before each turn: one in which it was away is over.
        mortal_mlflow.start()

    until_home(stage, run, no_worker)
    assert mortal_mlflow.proxy.hit.is_set()
    mortal_mlflow.start()
    assert_all_is_there_once(stage, run)


@pytest.mark.parametrize("seed", range(trials(1, 12)))
def test_a_relay_that_is_killed_between_any_two_calls(stage: Stage, site: RunningSite, seed: int) -> None:
    run, chance, kills = finished(stage), random.Random(seed), 0

    def between(relay: Relay) -> None:
        nonlocal kills
        if chance.random() < 0.03:
            relay.kill()
            relay.start()
            kills += 1

    log_everything(run, folder_of(run, site), between=between)
    stage.proved(killed_relays=kills)
    assert kills > 0
    until_home(stage, run)
    assert_all_is_there_once(stage, run)


# The web server


def web_label(method: str, target: str) -> str:
    return "send" if method == "POST" and "/journals/" in urlsplit(target).path else "other"


class MortalWeb:
    """Mantik's web server on our database, behind a proxy that kills it."""

    def __init__(self, exits: ExitStack, directory: Path) -> None:
        self._exits, self._directory, self._port = exits, directory, free_port()
        self.proxy = FaultProxy(f"http://127.0.0.1:{self._port}", label=web_label, patience=PATIENCE, kill=self.kill)
        self._start()

    def _start(self) -> None:
        self._life = self._exits.enter_context(ExitStack())
        self._web = self._life.enter_context(web_server(self._directory, port=self._port))
        self._is_alive = True

    def kill(self) -> None:
        self._is_alive = False
        self._web.kill()

    def start_again_if_killed(self) -> None:
        if not self._is_alive:
            self._life.close()
            self._start()


@pytest.fixture
def web(transactional_db: None, tmp_path: Path) -> Iterator[MortalWeb]:
    directory = tmp_path / "web"
    directory.mkdir()
    with ExitStack() as exits:
        server = MortalWeb(exits, directory)
        exits.enter_context(server.proxy)
        yield server


AIMS_AT_WEB = [Aim("send", fault, nth) for nth in range(1, 5) for fault in (*KILLS, Fault.LOSE_ANSWER)]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("aim", sample(AIMS_AT_WEB, one_in=14), ids=lambda aim: f"{aim.fault}-{aim.nth}")
def test_a_web_server_that_is_killed_while_a_relay_sends(
    stage_at: StageMaker, sandbox: RunningSite, web: MortalWeb, aim: Aim
) -> None:
    stage = stage_at(sandbox)
    run = finished(stage)
    web.proxy.aim(aim)
    stage.proved(killed_servers=int(aim.fault in KILLS), lost_answers=int(aim.fault not in KILLS))
    calls = 0

    def between(relay: Relay) -> None:
        nonlocal calls
        calls += 1
        if calls % 60 == 0:
            # It sends once a second: so what it sends goes in several requests.
            wait_until(lambda: web.proxy.hit.is_set() or received(run) >= written(relay), seconds=60)
        if web.proxy.hit.is_set():
            web.start_again_if_killed()

    seed = {"platform": f"{web.proxy.url}/tracking", "token": make_run_token(run, now=timezone.now())}
    log_everything(run, folder_of(run, sandbox), between=between, **seed)
    assert web.proxy.hit.is_set()
    until_home(stage, run)
    assert_all_is_there_once(stage, run)
    assert not JournalPart.objects.filter(journal__run=run).exists()


def received(run: Run) -> int:
    parts = JournalPart.objects.filter(journal__run=run, journal__name=NAME)
    return max(parts.values_list("end", flat=True), default=0)


def written(relay: Relay) -> int:
    return (relay.folder / NAME).stat().st_size
