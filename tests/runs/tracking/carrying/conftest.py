"""A job that runs at a site, and a relay that writes into its directory there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.logins.site_clients import open_connection
from connections.mlflow.for_workers import control
from connections.mlflow.values import RunData
from runs.job import layout
from runs.models import JobTracking, Run
from runs.tracking.carrying.worker import carry
from tests.runs.job.relay.relays import Relay, relay_in
from tests.runs.test_on_a_site import follow_until, submit
from tests.support import factories
from tests.support.mlflow_server import MlflowServer
from tests.support.sites import RunningSite
from tests.support.world import BACKEND_CONFIG, World, make_world

NAME = "journal-1"


@pytest.fixture
def world(
    transactional_db: None, settings: Settings, tmp_path: Path, site: RunningSite, mlflow_server: MlflowServer
) -> World:
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    user = site.users["demo"]
    # The relay is the test's own.
    files = {"unicore.yaml": f"{BACKEND_CONFIG}Tracking:\n  Relay: false\n"}
    return make_world(tmp_path, base_url=site.base_url, login=user.login, password=user.password, files=files)


class Job:
    """The job of `run`, whose training logs to `relay`."""

    def __init__(self, run: Run, relay: Relay) -> None:
        self.run, self.relay = run, relay

    @property
    def tracking(self) -> JobTracking:
        return JobTracking.objects.get(run=self.run)

    def log(self, *steps: int, key: str = "loss") -> None:
        for step in steps:
            self.relay.post(
                "runs/log-metric", run_id=self.run.mlflow_run_id, key=key, value=step / 7, timestamp=step, step=step
            )

    def put(self, path: str, content: bytes) -> None:
        place = f"{self.run.mlflow_experiment_id}/{self.run.mlflow_run_id}/artifacts"
        assert self.relay.put(path, content, place=place).status == 200

    def carry(self, **options: Any) -> JobTracking:
        """What the sweep has a worker do, at once."""
        JobTracking.objects.filter(run=self.run, due_at__isnull=False).update(due_at=timezone.now())
        carry(job_tracking_id=self.tracking.pk, clock=timezone.now, **options)
        return self.tracking

    def end(self) -> None:
        assert self.relay.hang_up() == 0

    def in_mlflow(self) -> RunData:
        return control().run_data(self.run.mlflow_run_id)


JobMaker = Callable[..., Job]


@pytest.fixture
def start_job(world: World, site: RunningSite) -> Iterator[JobMaker]:
    """`start_job(seconds=...)`: a job that runs for so long, with a relay in its directory. `prepare` is told the
    relay's folder before it starts."""
    with ExitStack() as stack:

        def make(seconds: float = 60, *, prepare: Callable[[Path], object] = lambda _: None, **seed: Any) -> Job:
            run = submit(world.start_run(parameters={"seconds": str(seconds)}))
            # The next test needs the slot.
            stack.callback(open_connection(world.connection).delete, run.job_url)
            factories.make_job_tracking(run)
            run = follow_until(run, lambda run: run.running_at is not None)
            folder = site.directory / run.job_url.rsplit("/", 1)[1] / layout.TRACKING
            folder.mkdir(exist_ok=True)
            prepare(folder)
            root = f"mlflow-artifacts:/{run.mlflow_experiment_id}"
            known = {"run_id": run.mlflow_run_id, "experiment_id": run.mlflow_experiment_id, "artifact_root": root}
            return Job(run, stack.enter_context(relay_in(folder, sys.executable, name=NAME, **known | seed)))

        yield make
