"""The demo's schedule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mantik.demo.repeating import repeat
from runs.models import Run
from runs.states import RunState
from schedules.models import Schedule
from schedules.services.schedules import pause_schedule
from tests.support.factories import make_code_repository, make_connection, make_run, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> Run:
    user = make_user()
    code = make_code_repository()
    return make_run(
        RunState.FINISHED,
        project=code.project,
        created_by=user,
        connection=make_connection(owner=user),
        code_repository=code,
        code_url=code.url,
        mlproject_content="entry_points:\n  main:\n    command: python train.py\n",
        entry_point="main",
        parameters={},
        backend_config_content="Resources:\n  Queue: batch\n",
    )


@pytest.mark.parametrize("second", [0, 20, 44, 45, 59])
def test_it_is_due_within_two_minutes(run: Run, second: int) -> None:
    now = datetime(2027, 3, 1, 23, 58, second, 999, tzinfo=UTC)
    due = repeat(run, now=now).next_due_at
    assert due
    assert timedelta(seconds=10) < due - now < timedelta(minutes=2)


def test_a_later_demo_sets_the_one_it_finds_to_soon(run: Run) -> None:
    first = repeat(run, now=datetime(2027, 3, 1, 8, 0, tzinfo=UTC))
    later = datetime(2027, 3, 2, 9, 0, tzinfo=UTC)
    again = repeat(run, now=later)
    assert again == first
    due = Schedule.objects.get().next_due_at
    assert due
    assert due - later < timedelta(minutes=2)


def test_one_that_is_paused_stays_so(run: Run) -> None:
    first = repeat(run, now=datetime(2027, 3, 1, 8, 0, tzinfo=UTC))
    pause_schedule(schedule=first, actor=run.created_by, now=datetime(2027, 3, 1, 8, 5, tzinfo=UTC))
    repeat(run, now=datetime(2027, 3, 2, 9, 0, tzinfo=UTC))
    assert Schedule.objects.get().is_paused
