"""What a job at a site has of the relay, before anything was logged."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from mantik.lib.token_form import MARK
from runs.following.kept_log import raw_log
from runs.job import layout
from runs.models import JobTracking, Run
from runs.services import cancel_run
from runs.states import RunState
from tests.runs.test_on_a_site import finish, follow_until, site_of, stored_description, submit
from tests.runs.test_on_a_site import world as world
from tests.support.run_tokens import token_of_job
from tests.support.waiting import wait_until
from tests.support.world import World


@pytest.fixture
def running(world: World, settings: Settings) -> Iterator[Run]:
    settings.MANTIK_TRACKING_RUN_MAX_BYTES = 1_000_000
    run = submit(world.start_run(parameters={"seconds": "20"}))
    with ExitStack() as stack:
        # The next test needs the slot.
        stack.callback(follow_until, run, lambda run: run.is_terminal)
        stack.callback(lambda: cancel_run(run=run, user=world.user, now=timezone.now()))
        # Nobody looks for journals before the job runs.
        assert JobTracking.objects.get(run=run).due_at is None
        yield follow_until(run, lambda run: run.state == RunState.RUNNING and run.log_size > 0)


def directory_of(world: World, run: Run) -> Path:
    site = site_of(world)
    return Path(site._transport.get(url=site.urls.directory(run.job_url))["mountPoint"])


def test_its_relay_begins_with_what_is_the_runs(world: World, running: Run) -> None:
    folder = directory_of(world, running)
    wait_until(lambda: (folder / layout.TRACKING / "journal-1.port").exists())
    seed = json.loads((folder / layout.SEED).read_text())
    told = {
        "run_id": running.mlflow_run_id,
        "run_name": running.name,
        "user": world.user.username,
        "experiment_name": f"{world.project.slug}/{running.experiment.name}",
        "artifact_root": f"mlflow-artifacts:/{running.mlflow_experiment_id}",
        "file_bytes": 1_000_000,
        "sample": True,
        "token": token_of_job(site_of(world), running),
    }
    assert {name: seed[name] for name in told} == told
    assert seed["secret"].startswith(f"{MARK}_relay_")


def test_only_the_owner_of_the_job_may_read_that(world: World, running: Run) -> None:
    file = directory_of(world, running) / layout.SEED
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = json.dumps(stored_description(world, running)) + running.job_script + b"".join(raw_log(running)).decode()
    assert json.loads(file.read_text())["secret"] not in shown


def test_there_is_none_if_operators_have_switched_it_off(world: World, settings: Settings) -> None:
    settings.MANTIK_RELAY = False
    run = finish(world.start_run())
    assert run.state == RunState.FINISHED
    assert not JobTracking.objects.filter(run=run).exists()
    assert b"the operators of Mantik have switched the relay off" in b"".join(raw_log(run))
    assert layout.RELAY not in json.dumps(stored_description(world, run))
