"""A batch of runs stays claimed while its worker is busy with it, and no longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from mantik.lib.leases import kept_off, usual_time
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
    settings: Settings,
) -> None:
    project, claimed_until = make_project(), NOW + SECOND
    settings.MANTIK_LEASE_SECONDS = 0.1
    asked, notified, left = (make_run(RunState.RUNNING, project=project, next_poll_at=claimed_until) for _ in range(3))
    clock = [NOW]
    options: dict[str, Any] = {"column": "next_poll_at", "until": {claimed_until}, "longest": poll.LONGEST_TURN}
    with kept_off(Run.objects.all(), clock=lambda: clock[0], **options):
        Run.objects.filter(pk=asked.pk).update(next_poll_at=NOW + 30 * SECOND)
        Run.objects.filter(pk=notified.pk).update(next_poll_at=NOW)
        for passed in (2 * SECOND, 4 * SECOND):
            clock[0] = NOW + passed
            wait_until(lambda: next_poll(left) == clock[0] + usual_time())
        assert (next_poll(asked), next_poll(notified)) == (NOW + 30 * SECOND, NOW)


@pytest.mark.django_db
def test_runs_that_a_killed_worker_had_claimed_are_due_again_after_the_time_of_a_lease(settings: Settings) -> None:
    settings.MANTIK_LEASE_SECONDS = 7
    run = make_run(RunState.RUNNING, next_poll_at=NOW)
    assert poll.claim_due(connection_id=run.connection_id, now=NOW) == [run.pk]
    assert poll.claim_due(connection_id=run.connection_id, now=NOW + 6 * SECOND) == []
    assert poll.claim_due(connection_id=run.connection_id, now=NOW + 7 * SECOND) == [run.pk]
