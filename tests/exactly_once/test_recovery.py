"""What a worker had in hand when it died, or lost its database, goes on soon. What takes it long stays its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone
from pytest_django.fixtures import Settings
from pytest_django.plugin import DjangoDbBlocker

from connections.logins.site_clients import open_connection
from connections.unicore.client import SiteClient
from mantik.up.errors import UpError
from runs.following.poll import follow_runs
from runs.models import Run
from runs.states import RunState
from runs.submission.claim import DATABASE_LOST
from runs.submission.submit import submit_run
from tests.exactly_once.conftest import Stage, assert_exactly_once, site_label
from tests.exactly_once.pool import KILLED, Turn
from tests.support.mlflow_server import MlflowServer
from tests.support.other_database import connected_to
from tests.support.postgres import FOR_CRASHES, Cluster, cluster
from tests.support.sites import RunningSite
from tests.support.waiting import wait_until
from tests.support.world import World, make_world

# Seconds of a lease, which is lengthened each third of it; and how long one waits for a busy machine.
LEASE, PATIENCE = 9, 240

pytestmark = pytest.mark.timeout(600)


@contextmanager
def submitting_to_a_slow_site(stage: Stage, run: Run) -> Iterator[list[Turn]]:
    """Its worker has sent the job, or is about to, and no answer comes in here. Its turn is there once it is over."""
    stage.settings = {"MANTIK_LEASE_SECONDS": LEASE, "MANTIK_SITE_SEND_TIMEOUT": PATIENCE}
    turns: list[Turn] = []

    def take_turn() -> None:
        turns.append(stage.worker.take_turn(run.pk, settings=stage.settings))

    thread = threading.Thread(target=take_turn)
    with stage.site_proxy.silence(is_post_of_a_job):
        thread.start()
        wait_until(lambda: Run.objects.filter(pk=run.pk, posted_at__isnull=False).exists(), seconds=PATIENCE)
        yield turns
    thread.join(PATIENCE)
    run.refresh_from_db()


def is_post_of_a_job(message: bytes) -> bool:
    method, target, _ = message.split(b"\r\n", 1)[0].decode().split()
    return site_label(method, target) == "submit"


def lease_of(run: Run) -> datetime:
    until = Run.objects.values_list("lease_until", flat=True).get(pk=run.pk)
    assert until
    return until


def is_due(run: Run, now: datetime) -> bool:
    return Run.objects.due_for_submission(now).filter(pk=run.pk).exists()


def test_no_second_worker_takes_a_run_whose_call_lasts_longer_than_its_lease(stage: Stage) -> None:
    run = stage.world.start_run()
    with submitting_to_a_slow_site(stage, run) as turns:
        first = lease_of(run)

        def is_over_without_being_free() -> bool:
            assert not is_due(run, timezone.now())
            return timezone.now() > first + timedelta(seconds=LEASE)

        wait_until(is_over_without_being_free, seconds=PATIENCE)
        before = Run.objects.values().get(pk=run.pk)
        submit_run(run_id=run.pk, clock=timezone.now)
        after = Run.objects.values().get(pk=run.pk)
        assert before | {"lease_until": None} == after | {"lease_until": None}

    assert turns[0].status == 0
    stage.minutes = 10
    stage.until_handed_over(run)
    stage.until_over(run)
    assert_exactly_once(stage, run)


def test_after_a_kill_during_a_slow_call_it_is_taken_as_soon_as_the_lease_is_over(stage: Stage) -> None:
    run = stage.world.start_run()
    with submitting_to_a_slow_site(stage, run) as turns:
        first = lease_of(run)
        wait_until(lambda: lease_of(run) > first, seconds=PATIENCE)
        stage.worker.kill()
        wait_until(lambda: bool(turns), seconds=PATIENCE)
        assert turns[0].status == KILLED
        until = lease_of(run)
        assert until <= timezone.now() + timedelta(seconds=LEASE)
        assert not is_due(run, until - timedelta(microseconds=1))
        assert is_due(run, until)
        wait_until(lambda: timezone.now() > until)
        assert lease_of(run) == until, "Nobody lengthens it any more."

    stage.minutes = 10
    stage.until_handed_over(run)
    stage.until_over(run)
    assert_exactly_once(stage, run)


# The database goes away


@pytest.fixture
def server(django_db_blocker: DjangoDbBlocker) -> Iterator[Cluster]:
    """Not that of the other tests, which it would take along. This test has its own database in it."""
    try:
        with cluster(careless=FOR_CRASHES) as made, django_db_blocker.unblock(), connected_to(made.url):
            call_command("migrate", verbosity=0)
            yield made
    except UpError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI must not leave this out: {error}")
        pytest.skip(f"Left out: {error}")


@pytest.fixture
def world(
    server: Cluster, settings: Settings, tmp_path: Path, sandbox: RunningSite, mlflow_server: MlflowServer
) -> World:
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    user = sandbox.users["demo"]
    return make_world(tmp_path, base_url=sandbox.base_url, login=user.login, password=user.password)


@pytest.mark.parametrize("act", ["submit", "start"])
def test_a_worker_that_loses_the_database_gives_its_run_back_and_the_next_one_goes_on(
    server: Cluster, world: World, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """It goes while the site is asked, so that what the site answers cannot be stored."""
    run, ask = world.start_run(), getattr(SiteClient, act)
    back = threading.Timer(2, server.start)

    def ask_and_lose_database(site: SiteClient, *arguments: Any) -> Any:
        answer = ask(site, *arguments)
        server.crash()
        back.start()
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(SiteClient, act, ask_and_lose_database)
        with pytest.raises(OperationalError):
            submit_run(run_id=run.pk, clock=timezone.now)
    back.join()

    run.refresh_from_db()
    assert (run.state, run.lease_token, run.waiting_for) == (RunState.SUBMITTING, None, DATABASE_LOST)
    assert run.next_attempt_at
    wait_until(lambda: is_due(run, timezone.now()))
    submit_run(run_id=run.pk, clock=timezone.now)
    run.refresh_from_db()
    assert (run.state, run.waiting_for) == (RunState.QUEUED, "")

    wait_until(lambda: followed(run).is_terminal)
    assert (run.state, world.starts_of(run)) == (RunState.FINISHED, 1), run.outcome
    assert len(open_connection(world.connection).find_jobs(run.submission_tag)) == 1


def followed(run: Run) -> Run:
    follow_runs(run_ids=[run.pk], clock=timezone.now)
    run.refresh_from_db()
    return run
