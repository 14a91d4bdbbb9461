"""A batch of runs stays claimed while its worker is busy with it, and no longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from runs.following import poll
from runs.models import Run
from runs.states import RunState
from tests.support.factories import make_project, make_run
from tests.support.waiting import wait_until

NOW = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def next_poll(run: Run) -> datetime | None:
    return Run.objects.values_list("next_poll_at", flat=True).get(pk=run.pk)


@pytest.mark.django_db(transaction=True)
def test_what_is_still_to_be_asked_about_stays_claimed_and_what_was_put_off_stays_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project, claimed_until = make_project(), NOW + SECOND
    monkeypatch.setattr(poll, "CLAIM", timedelta(seconds=0.1))
    asked, notified, left = (make_run(RunState.RUNNING, project=project, next_poll_at=claimed_until) for _ in range(3))
    clock = [NOW]
    with poll._kept([asked, notified, left], lambda: clock[0]):
        Run.objects.filter(pk=asked.pk).update(next_poll_at=NOW + 30 * SECOND)
        Run.objects.filter(pk=notified.pk).update(next_poll_at=NOW)
        for passed in (2 * SECOND, 4 * SECOND):
            clock[0] = NOW + passed
            wait_until(lambda: next_poll(left) == clock[0] + poll.CLAIM)
        assert (next_poll(asked), next_poll(notified)) == (NOW + 30 * SECOND, NOW)


def test_runs_that_a_killed_worker_had_claimed_are_soon_due_again() -> None:
    assert timedelta(seconds=30) >= poll.CLAIM
