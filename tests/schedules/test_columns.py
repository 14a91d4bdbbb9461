"""Each column of a schedule is written by one part of the code, and a copy has its own or that of the original."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from runs.planning.repeatable import RECIPE
from schedules.firing.engine import DECISION_COLUMNS, STATE_COLUMNS
from schedules.models import Schedule
from schedules.services.schedules import duplicate_schedule
from schedules.states import CatchUp, CodePolicy, Outcome, Overlap, ScheduleState
from tests.support.factories import make_schedule, make_user

NOW = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
# Which schedule it is, and who made and changed it.
IDENTITY = {
    *("id", "uuid", "name", "name_key", "periodic_task_id"),
    *("created_by_id", "created_at", "last_edited_by_id", "last_edited_at", "revision"),
}
# What a form asks for, with values other than those that a schedule begins with.
CHOSEN: dict[str, Any] = {
    "cron_expression": "30 6 * * *",
    "time_zone": "Europe/Oslo",
    "end_date": date(2028, 1, 1),
    "code_policy": CodePolicy.NEWEST,
    "overlap": Overlap.CANCEL,
    "missed": CatchUp.ALL,
    "missed_cap": 7,
    "missed_grace": timedelta(hours=1),
    "jitter_seconds": 60,
    "pause_after_failures": 2,
    "most_runs_per_day": 3,
}
# What it repeats, besides RECIPE.
REPEATED = {"project_id", "run_id"}


def test_a_column_is_chosen_by_members_or_moved_or_switched_by_the_engine() -> None:
    """A new one stands in one of these. `_end_delay` reads again what the engine has stored: the last two."""
    places = [*IDENTITY, *CHOSEN, *REPEATED, *RECIPE, *DECISION_COLUMNS, *STATE_COLUMNS]
    assert sorted(places) == sorted(field.attname for field in Schedule._meta.concrete_fields)


@pytest.mark.django_db
def test_a_copy_repeats_the_same_by_the_same_rules_and_has_a_life_of_its_own() -> None:
    begun = NOW - timedelta(days=9)
    lived: dict[str, Any] = {
        "failures_in_a_row": 1,
        "last_due_at": begun,
        "last_outcome": Outcome.FIRED,
        "last_reason": "So.",
    }
    schedule = make_schedule(now=begun, name="nightly", revision=4, **CHOSEN, **lived)
    copy = duplicate_schedule(schedule=schedule, actor=schedule.created_by, now=NOW)
    kept = [*CHOSEN, *REPEATED, *RECIPE]
    assert {name: getattr(copy, name) for name in kept} == {name: getattr(schedule, name) for name in kept}
    same = {
        name
        for name in {*IDENTITY, *DECISION_COLUMNS, *STATE_COLUMNS}
        if getattr(copy, name) == getattr(schedule, name)
    }
    assert same == {"created_by_id", "last_edited_by_id"}
    assert {name: getattr(copy, name) for name in DECISION_COLUMNS} == {
        "next_due_at": None,
        "next_fire_at": None,
        "dealt_with_until": NOW,
        "failures_in_a_row": 0,
        "last_due_at": None,
        "last_outcome": "",
        "last_reason": "",
    }
    assert (copy.state, copy.state_changed_at, copy.revision) == (ScheduleState.PAUSED, NOW, 1)


@pytest.mark.django_db
def test_a_copy_is_of_whoever_makes_it() -> None:
    schedule, other = make_schedule(), make_user()
    copy = duplicate_schedule(schedule=schedule, actor=other, now=NOW)
    assert (copy.created_by, copy.last_edited_by, copy.connection) == (other, other, None)
