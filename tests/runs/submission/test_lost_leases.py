"""A worker that was thought dead while it submitted a run comes back, and does not disturb the one that has it now."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.logins.site_clients import open_connection
from connections.unicore.client import SiteClient
from connections.unicore.errors import SiteRefused
from mantik.lib.leases import take
from runs.following.poll import follow_runs
from runs.models import Run
from runs.states import BEFORE_START, RunState
from runs.submission.submit import submit_run
from tests.support.mlflow_server import MlflowServer
from tests.support.sites import RunningSite
from tests.support.world import World, make_world

# Longer than a lease, and than an unknown outcome rests.
LATER = timedelta(minutes=10)


@pytest.fixture
def world(
    transactional_db: None, settings: Settings, tmp_path: Path, sandbox: RunningSite, mlflow_server: MlflowServer
) -> World:
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    user = sandbox.users["demo"]
    return make_world(tmp_path, base_url=sandbox.base_url, login=user.login, password=user.password)


def submit(run: Run, after: timedelta = timedelta()) -> Run:
    submit_run(run_id=run.pk, clock=lambda: timezone.now() + after)
    run.refresh_from_db()
    return run


def assert_exactly_once(world: World, run: Run) -> None:
    deadline = time.monotonic() + 60
    while not run.is_terminal:
        assert time.monotonic() < deadline, f"{run.state}: {run.waiting_for}"
        follow_runs(run_ids=[run.pk], clock=timezone.now)
        run.refresh_from_db()
        time.sleep(0.05)
    assert (run.state, world.starts_of(run)) == (RunState.FINISHED, 1), run.outcome
    assert len(open_connection(world.connection).find_jobs(run.submission_tag)) == 1


def test_the_job_that_it_made_is_left_to_whoever_has_the_run_now(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run, post = world.start_run(), SiteClient.submit

    def submit_and_lose_lease(site: SiteClient, description: Any) -> str:
        job_url = post(site, description)
        assert take(Run.objects.all(), key=run.pk, now=timezone.now() + LATER, time=timedelta(minutes=1))
        return job_url

    with monkeypatch.context() as patch:
        patch.setattr(SiteClient, "submit", submit_and_lose_lease)
        submit(run)

    assert run.state in BEFORE_START
    assert (run.job_url, run.waiting_for) == ("", "")
    (made,) = open_connection(world.connection).find_jobs(run.submission_tag)
    assert world.starts_of(run) == 0
    submit(run, LATER * 2)
    assert run.job_url == made
    assert_exactly_once(world, run)


def test_the_job_that_another_has_found_and_started_is_not_deleted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, post = world.start_run(), SiteClient.submit

    def submit_while_another_finds_it(site: SiteClient, description: Any) -> str:
        monkeypatch.setattr(SiteClient, "submit", post)
        job_url = post(site, description)
        assert submit(run, LATER).state == RunState.QUEUED
        assert run.job_url == job_url
        return job_url

    monkeypatch.setattr(SiteClient, "submit", submit_while_another_finds_it)
    submit(run)
    assert_exactly_once(world, run)


def test_the_job_of_a_run_that_has_another_is_removed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run, post = world.start_run(), SiteClient.submit
    own = f"{world.connection.site.base_url if world.connection.site else ''}/jobs/own"

    def submit_while_another_has_one(site: SiteClient, description: Any) -> str:
        job_url = post(site, description)
        assert take(Run.objects.all(), key=run.pk, now=timezone.now() + LATER, time=timedelta(minutes=1))
        Run.objects.filter(pk=run.pk).update(job_url=own)
        return job_url

    monkeypatch.setattr(SiteClient, "submit", submit_while_another_has_one)
    submit(run)
    assert run.job_url == own
    assert open_connection(world.connection).find_jobs(run.submission_tag) == []


@pytest.mark.parametrize("comes_back", ["refused", "accepted"])
def test_the_job_that_another_has_started_meanwhile_goes_on(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch, comes_back: str
) -> None:
    settings.MANTIK_SUBMIT_INLINE_BYTES = 0
    run, upload = world.start_run(), SiteClient.upload

    def upload_while_another_starts(site: SiteClient, *arguments: Any) -> None:
        monkeypatch.setattr(SiteClient, "upload", upload)
        assert submit(run, LATER).state == RunState.QUEUED
        if comes_back == "refused":
            raise SiteRefused("The site takes no files for this job any more.", code="refused.request")
        upload(site, *arguments)

    monkeypatch.setattr(SiteClient, "upload", upload_while_another_starts)
    submit(run)

    assert run.state == RunState.QUEUED
    assert_exactly_once(world, run)
