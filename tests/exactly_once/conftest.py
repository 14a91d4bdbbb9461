"""A run, a worker that can be killed, and proxies that lose things on the way to the site and to MLflow."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.conf import settings as django_settings
from django.db import connection as database
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.logins.site_clients import open_connection
from connections.unicore.client import SiteClient
from mantik.up.stack import Stack
from mantik.up.worker_groups import WorkerGroup
from runs.following.kept_log import raw_log
from runs.models import Run
from runs.restored.marks import installation
from runs.services import cancel_run
from runs.states import AT_SITE, BEFORE_START, RunState
from runs.tracking.tags import RUN_TAG
from tests.exactly_once.pool import KILLED, Kill, Turn, Worker
from tests.support.carried import carry_home
from tests.support.fault_proxy import Aim, FaultProxy
from tests.support.mlflow_server import HEADERS, MlflowServer
from tests.support.proofs import Proved
from tests.support.queues import QUEUES
from tests.support.run_tokens import assert_job_may_log
from tests.support.sites import RunningSite
from tests.support.stacks import database_url, stack_on_this_database, world_at_sandbox
from tests.support.world import World, make_world

# How long the worker waits for an answer, in seconds; the setting takes whole ones.
PATIENCE = 1
# Between two turns the worker's clock moves on: longer than a lease, and than an unknown outcome rests.
MINUTES_BETWEEN_TURNS = 10
MOST_TURNS = 8

_SITE_LABELS = (
    ("POST", r"/jobs$", "submit"),
    ("GET", r"/jobs$", "find"),
    ("POST", r"/actions/start$", "start"),
    ("POST", r"/actions/abort$", "abort"),
    ("GET", r"/storages/[^/]+$", "directory"),
    ("PUT", r"/files/", "upload"),
    ("GET", r"/files/\.mantik/tracking$", "list"),
    ("GET", r"/files/\.mantik/tracking/journal-2$", "read"),
    ("DELETE", r"/jobs/[^/]+$", "delete"),
    ("GET", r"/jobs/[^/]+$", "status"),
)


def site_label(method: str, target: str) -> str:
    path = urlsplit(target).path
    return next((name for verb, end, name in _SITE_LABELS if verb == method and re.search(end, path)), "other")


def mlflow_label(_method: str, target: str) -> str:
    return "/".join(urlsplit(target).path.split("/")[-2:])


@dataclass
class Stage:
    """One site, one worker, one member's world. `settings` go with every turn of the worker."""

    world: World
    worker: Worker
    site_proxy: FaultProxy
    mlflow_proxy: FaultProxy
    site: SiteClient
    proved: Proved
    settings: dict[str, Any] = field(default_factory=dict)
    minutes: float = 0

    def turn(self, run: Run, *, task: str = "submit", kill: Kill | None = None) -> Turn:
        turn = self.worker.take_turn(run.pk, task=task, minutes=self.minutes, kill=kill, settings=self.settings)
        self.minutes += MINUTES_BETWEEN_TURNS
        run.refresh_from_db()
        if turn.status == KILLED:
            self.proved(kills=1)
        return turn

    def until_handed_over(self, run: Run) -> int:
        """Turns like those that the sweep would give it; how many it took."""
        for number in range(1, MOST_TURNS + 1):
            if run.state not in BEFORE_START:
                return number - 1
            self.turn(run)
        pytest.fail(f"After {MOST_TURNS} turns the run is still {run.state}: {run.waiting_for}")

    def until_over(self, run: Run) -> None:
        """Follow it to its end, and until nothing is left to do."""
        deadline = time.monotonic() + 60
        while run.next_poll_at is not None:
            assert time.monotonic() < deadline, f"The run is still {run.state}: {run.waiting_for}"
            if run.state in AT_SITE and run.abort_sent_at is None and not run.cancel_requested_at:
                self.await_change(run)
            self.turn(run, task="follow")
            if run.is_terminal:
                carry_home(run)

    def cancel(self, run: Run) -> None:
        cancel_run(run=run, user=self.world.user, now=timezone.now())
        run.refresh_from_db()

    def await_change(self, run: Run) -> None:
        """Until the site has something new to tell."""
        deadline = time.monotonic() + 30
        while not self.site.status(run.job_url).state.is_over:
            assert time.monotonic() < deadline, f"The job is still {self.site.status(run.job_url).state}"
            time.sleep(0.02)

    def jobs_of(self, run: Run) -> list[str]:
        return self.site.find_jobs(run.submission_tag)


@dataclass(frozen=True)
class Rig:
    """What all tests at one site share: the worker, and the proxies that it talks through."""

    base_url: str
    worker: Worker
    site_proxy: FaultProxy
    mlflow_proxy: FaultProxy


RigMaker = Callable[[RunningSite], Rig]
StageMaker = Callable[[RunningSite], Stage]


@pytest.fixture(scope="session")
def rig_at(
    django_db_setup: None, mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RigMaker]:
    rigs: dict[str, Rig] = {}
    with ExitStack() as stack:

        def make(site: RunningSite) -> Rig:
            if site.base_url not in rigs:
                rigs[site.base_url] = _make_rig(stack, site, mlflow_server.uri, tmp_path_factory.mktemp("worker"))
            return rigs[site.base_url]

        yield make


def _make_rig(stack: ExitStack, site: RunningSite, mlflow_uri: str, directory: Path) -> Rig:
    workers: list[Worker] = []

    def kill() -> None:
        workers[0].kill()

    site_proxy, mlflow_proxy = (
        stack.enter_context(FaultProxy(upstream, label=label, patience=PATIENCE, kill=kill))
        for upstream, label in ((site.base_url, site_label), (mlflow_uri, mlflow_label))
    )
    workers.append(stack.enter_context(Worker(worker_environment(mlflow_proxy.url), directory / "worker.log")))
    return Rig(site_proxy.url + urlsplit(site.base_url).path, workers[0], site_proxy, mlflow_proxy)


@pytest.fixture
def stage_at(
    transactional_db: None,
    rig_at: RigMaker,
    settings: Settings,
    tmp_path: Path,
    mlflow_server: MlflowServer,
    proved: Proved,
) -> StageMaker:
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri

    def make(site: RunningSite) -> Stage:
        rig = rig_at(site)
        for proxy in (rig.site_proxy, rig.mlflow_proxy):
            proxy.aim(None)
        user = site.users["demo"]
        # It is stored once, before anything is sent.
        installation()
        world = make_world(tmp_path, base_url=rig.base_url, login=user.login, password=user.password)
        return Stage(world, rig.worker, rig.site_proxy, rig.mlflow_proxy, open_connection(world.connection), proved)

    return make


@pytest.fixture
def stage(stage_at: StageMaker, sandbox: RunningSite) -> Stage:
    """At the sandbox site."""
    return stage_at(sandbox)


@pytest.fixture
def stack(transactional_db: None, settings: Settings, tmp_path: Path, mlflow_server: MlflowServer) -> Iterator[Stack]:
    # Nobody here waits for the lease of a worker that was killed as long as people do.
    soon = {"MANTIK_LEASE_SECONDS": "3", "MANTIK_SUBMIT_SETTLE_SECONDS": "3"}
    groups = [WorkerGroup("all", QUEUES, 3)]
    with stack_on_this_database(
        tmp_path, settings=settings, mlflow_server=mlflow_server, groups=groups, environment=soon
    ) as running:
        yield running


@pytest.fixture
def world(stack: Stack, tmp_path: Path) -> World:
    return world_at_sandbox(stack, tmp_path / "world")


def worker_environment(mlflow_uri: str) -> dict[str, str]:
    return {
        "MANTIK_DEBUG": "1",
        "MANTIK_DATA_DIR": str(django_settings.MANTIK_DATA_DIR),
        "MANTIK_DATABASE_URL": database_url(database.settings_dict),
        "MANTIK_MLFLOW_URI": mlflow_uri,
        "MANTIK_GIT_ALLOW_LOCAL": "1",
        "MANTIK_SITE_READ_TIMEOUT": str(PATIENCE),
        "MANTIK_SITE_SEND_TIMEOUT": str(PATIENCE),
        "MANTIK_BROKER_URL": "redis://127.0.0.1:1/0",
    }


def aim_at(stage: Stage, aim: Aim) -> FaultProxy:
    """Aims the proxy that the label belongs to."""
    is_sites = any(name == aim.label for _, _, name in _SITE_LABELS)
    proxy = stage.site_proxy if is_sites else stage.mlflow_proxy
    stage.proved(disturbed_requests=1)
    proxy.aim(aim)
    return proxy


def assert_exactly_once(stage: Stage, run: Run) -> None:
    """One job that was started once, one MLflow run, and a run that knows how it ended and the token of its job."""
    stage.proved(**come_of(stage.world, [run]))
    assert (run.state, run.outcome) == (RunState.FINISHED, "The job ended with exit code 0.")
    assert stage.world.starts_of(run) == 1
    assert stage.jobs_of(run) == [stage.site.urls.job(run.job_url)]
    found = mlflow_runs_of(run)
    assert [(info["run_id"], info["status"]) for info in found] == [(run.mlflow_run_id, "FINISHED")]
    assert b"hello" in b"".join(raw_log(run))
    assert_job_may_log(stage.site, run)


def come_of(world: World, runs: Iterable[Run]) -> dict[str, int]:
    """For a proof: how many of so many runs were started once too often or more, and how many never."""
    starts = [world.starts_of(run) for run in runs]
    return {"runs": len(starts), "doubled": sum(count > 1 for count in starts), "lost": starts.count(0)}


def mlflow_runs_of(run: Run) -> list[dict[str, Any]]:
    """Every MLflow run that was ever made for `run`."""
    body = {"experiment_ids": [run.mlflow_experiment_id], "filter": f"tags.`{RUN_TAG}` = '{run.uuid}'"}
    url = f"{django_settings.MANTIK_MLFLOW_URI}/api/2.0/mlflow/runs/search"
    answer = httpx.post(url, json=body, headers=HEADERS, timeout=30, trust_env=False)
    return [found["info"] for found in answer.json().get("runs", [])]
