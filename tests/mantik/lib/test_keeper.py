"""A claim is lengthened while whoever made it waits, and no longer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from connections import tasks as of_connections
from connections.outages import probe
from connections.renewal import secret_leases
from mantik.lib import keeper
from mantik.notices import outbox
from projects import tasks as of_projects
from projects.code import mirrors
from runs import tasks as of_runs
from runs.following import poll
from runs.registered_models import listing, worker
from runs.submission import submit
from runs.tracking.carrying import worker as carrying
from runs.tracking.summaries import reading
from tests.support.waiting import wait_until

SHORT = timedelta(seconds=0.03)
LONG = timedelta(minutes=1)


class Claim:
    """Counts how often it was lengthened; each call does what the next of `come` says, and then True."""

    def __init__(self, *come: Callable[[], bool]) -> None:
        self.calls, self._come = 0, list(come)

    def __call__(self) -> bool:
        self.calls += 1
        return self._come.pop(0)() if self._come else True


def away() -> bool:
    raise OperationalError("The database system is starting up.")


def keepers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "keeper"]


def test_it_is_lengthened_again_and_again_until_the_work_is_done() -> None:
    claim = Claim()
    with keeper.kept(claim, claim=SHORT, longest=LONG):
        wait_until(lambda: claim.calls >= 5)
    assert not keepers()


def test_quick_work_does_not_ask_the_database() -> None:
    claim = Claim()
    with keeper.kept(claim, claim=LONG, longest=LONG):
        pass
    assert (claim.calls, keepers()) == (0, [])


def test_it_ends_with_work_that_fails() -> None:
    with pytest.raises(ZeroDivisionError), keeper.kept(Claim(), claim=SHORT, longest=LONG):
        raise ZeroDivisionError
    assert not keepers()


def test_a_claim_that_is_lost_is_not_lengthened_any_more() -> None:
    claim = Claim(lambda: True, lambda: False)
    with keeper.kept(claim, claim=SHORT, longest=LONG):
        wait_until(lambda: not keepers())
    assert claim.calls == 2


def test_a_database_that_is_away_for_a_moment_is_asked_again() -> None:
    claim = Claim(away, away)
    with keeper.kept(claim, claim=SHORT, longest=LONG):
        wait_until(lambda: claim.calls >= 4)


def test_work_that_hangs_keeps_its_claim_no_longer_than_its_task_may_take() -> None:
    claim = Claim()
    with keeper.kept(claim, claim=SHORT, longest=timedelta(0)):
        wait_until(lambda: not keepers())
    assert claim.calls == 0


@pytest.mark.django_db(transaction=True)
def test_its_connection_is_its_own_and_not_left_open() -> None:
    seen = []

    def ask() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        seen.append(connection.connection)
        return True

    with keeper.kept(ask, claim=SHORT, longest=LONG):
        wait_until(lambda: len(seen) >= 2)
    assert connection.connection not in seen


@pytest.mark.parametrize(
    ("longest", "task"),
    [
        (submit.LONGEST_TURN, of_runs.submit_next),
        (worker.LONGEST_TURN, of_runs.tend_model),
        (listing.LONGEST_TURN, of_runs.list_models),
        (poll.LONGEST_TURN, of_runs.follow_connection),
        (carrying.LONGEST_TURN, of_runs.carry_large),
        (reading.LONGEST_TURN, of_runs.read_summaries),
        (probe.LONGEST_PROBE, of_connections.probe_sites),
        (secret_leases.LONGEST_RENEWAL, of_connections.renew_connection),
        (outbox.LONGEST_TURN, None),
        (mirrors.LONGEST_FETCH, of_projects.fetch_code_repository),
    ],
)
def test_no_claim_is_kept_for_longer_than_the_task_may_take(longest: timedelta, task: object) -> None:
    """After that its process is killed. What is shorter would let a second worker begin beside one that lives."""
    assert longest.total_seconds() == (getattr(task, "time_limit", None) or settings.CELERY_TASK_TIME_LIMIT)
