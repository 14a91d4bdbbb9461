"""Schedules after a restore: their due times of the gap are not known, and the first after it is fired as usual."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid5

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from mantik.accounts.models import User
from mantik.notices.models import Notice
from projects.models import Project
from runs.models import Run
from runs.states import RunState
from schedules.firing.due import MOST_DUE_TIMES
from schedules.models import Schedule, Slot
from schedules.restored import service
from schedules.restored.gap import Passed, pass_over_gap
from schedules.services.running import resume_schedule, run_now
from schedules.services.schedules import duplicate_schedule
from schedules.states import CatchUp, ScheduleState
from tests.schedules.conftest import DUE, EARLIER, fire, runs_of, slots_of
from tests.support.factories import make_restore, make_schedule
from tests.support.schedules import make_many

pytestmark = pytest.mark.django_db

FIVE_MINUTES = timedelta(minutes=5)
BACKUP_OF = DUE + timedelta(minutes=1)
RESTORED = DUE + timedelta(minutes=12)
WHY = "Not known: restored from a backup of 2027-03-01 08:01 UTC."


@pytest.fixture
def schedule(project: Project, ada: User) -> Schedule:
    return make_schedule(project=project, created_by=ada, now=EARLIER)


def pass_over(*, now: datetime = RESTORED, dry_run: bool = False) -> Passed:
    return pass_over_gap(backup_of=BACKUP_OF, now=now, dry_run=dry_run)


def test_the_id_of_a_run_follows_from_schedule_and_due_time(schedule: Schedule) -> None:
    fire(DUE)
    (run,) = runs_of(schedule)
    assert run.uuid == uuid5(schedule.uuid, "2027-03-01T08:00:00+00:00")
    assert run.submission_tag == f"mantik-{run.uuid}"


def test_so_does_that_of_a_run_that_is_caught_up_or_asked_for(schedule: Schedule, ada: User) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(missed=CatchUp.ALL, overlap="allow")
    fire(DUE + 3 * FIVE_MINUTES)
    run_now(schedule=schedule, actor=ada, now=DUE + 3 * FIVE_MINUTES)
    slots = Slot.objects.exclude(run=None).select_related("run")
    assert len(slots) == 5
    for slot in slots:
        assert slot.run
        assert slot.run.uuid == uuid5(schedule.uuid, slot.due_at.isoformat())


def test_a_duplicate_makes_other_runs(schedule: Schedule, ada: User) -> None:
    copy = duplicate_schedule(schedule=schedule, actor=ada, now=EARLIER)
    assert copy.uuid != schedule.uuid


def test_each_due_time_of_the_gap_has_a_slot_that_says_so(schedule: Schedule) -> None:
    fire(DUE)
    passed = pass_over()
    assert (passed.schedules, passed.slots, passed.set_aside) == (1, 2, 0)
    assert slots_of(schedule) == [("08:00", "fired"), ("08:05", "unknown"), ("08:10", "unknown")]
    assert {slot.reason for slot in schedule.slots.filter(outcome="unknown")} == {WHY}
    stored = Schedule.objects.get(pk=schedule.pk)
    assert (stored.next_due_at, stored.last_outcome) == (DUE + 3 * FIVE_MINUTES, "unknown")
    assert stored.dealt_with_until == DUE + 2 * FIVE_MINUTES
    assert len(runs_of(schedule)) == 1


def test_the_first_due_time_after_it_is_fired_as_usual(schedule: Schedule) -> None:
    make_restore(backup_of=BACKUP_OF, at=RESTORED)
    pass_over()
    fire(DUE + 3 * FIVE_MINUTES)
    assert slots_of(schedule)[-1] == ("08:15", "fired")
    (run,) = runs_of(schedule)
    assert (run.posted_at, run.was_in_doubt) == (None, False)


def test_again_it_does_nothing(schedule: Schedule) -> None:
    pass_over()
    before = list(Slot.objects.values())
    assert pass_over().schedules == 0
    assert list(Slot.objects.values()) == before


def test_a_dry_run_counts_and_stores_nothing(schedule: Schedule) -> None:
    passed = pass_over(dry_run=True)
    assert (passed.schedules, passed.slots) == (1, 3)
    assert slots_of(schedule) == []
    assert Schedule.objects.get(pk=schedule.pk).next_due_at == DUE


def test_of_a_long_gap_the_latest_have_slots_and_the_first_of_them_says_how_many_have_none(schedule: Schedule) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(cron_expression="* * * * *")
    weeks = DUE + timedelta(weeks=3)
    passed = pass_over(now=weeks)
    assert passed.slots == MOST_DUE_TIMES
    first = schedule.slots.order_by("due_at").first()
    assert first
    left_out = 3 * 7 * 24 * 60 + 1 - MOST_DUE_TIMES
    assert first.due_at == DUE + left_out * timedelta(minutes=1)
    assert first.reason == (
        f"{WHY} The same holds for {left_out:,} earlier due times of this schedule without a slot; the first was "
        "2027-03-01 08:00 UTC."
    )
    assert set(schedule.slots.exclude(pk=first.pk).values_list("reason", flat=True)) == {WHY}


def test_a_random_delay_that_is_not_over_is_still_to_come(project: Project, ada: User) -> None:
    schedule = make_schedule(project=project, created_by=ada, now=EARLIER, jitter_seconds=200)
    stored = Schedule.objects.get(pk=schedule.pk)
    assert stored.next_fire_at
    assert stored.next_fire_at > DUE
    assert pass_over(now=DUE).schedules == 0
    pass_over(now=stored.next_fire_at)
    assert slots_of(schedule) == [("08:00", "unknown")]


def test_one_without_a_due_time_after_the_gap_has_ended(project: Project, ada: User) -> None:
    schedule = make_schedule(project=project, created_by=ada, now=EARLIER, end_date=EARLIER.date())
    pass_over(now=DUE + timedelta(days=2))
    assert Schedule.objects.get(pk=schedule.pk).state == ScheduleState.ENDED


def test_one_whose_times_are_no_longer_accepted_pauses_and_its_owner_is_told(schedule: Schedule, ada: User) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(time_zone="Mars/Olympus")
    assert pass_over().schedules == 1
    assert Schedule.objects.get(pk=schedule.pk).state == ScheduleState.PAUSED
    assert Notice.objects.filter(user=ada).exists()


def test_one_that_breaks_is_told_of_although_no_other_was_due(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("schedules.restored.gap._decide", breaks)
    told = "\n".join(service._pass_over(BACKUP_OF, service.Wishes(), RESTORED))
    assert told == "1 schedule could not be dealt with and is paused; the log says why."
    assert Schedule.objects.get(pk=schedule.pk).state == ScheduleState.PAUSED


def test_what_is_caught_up_of_a_pause_looks_at_the_site_first_and_the_rest_is_not_known(schedule: Schedule) -> None:
    """It may have been resumed in the gap, and have run."""
    Schedule.objects.filter(pk=schedule.pk).update(
        state=ScheduleState.PAUSED, next_due_at=None, next_fire_at=None, overlap="allow"
    )
    make_restore(backup_of=BACKUP_OF, at=RESTORED)
    pass_over()
    assert slots_of(schedule) == []
    now = DUE + 4 * FIVE_MINUTES
    resume_schedule(schedule=schedule, actor=None, catch_up=CatchUp.ONE, now=now)
    assert slots_of(schedule) == [
        ("08:00", "held"),
        ("08:05", "unknown"),
        ("08:10", "unknown"),
        ("08:15", "held"),
        ("08:20", "fired"),
    ]


def test_a_run_of_a_due_time_before_the_restore_looks_at_the_site_first(schedule: Schedule) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(
        state=ScheduleState.PAUSED, next_due_at=None, next_fire_at=None, overlap="allow"
    )
    make_restore(backup_of=BACKUP_OF, at=RESTORED)
    resume_schedule(schedule=schedule, actor=None, catch_up=CatchUp.ALL, now=RESTORED)
    runs = runs_of(schedule)
    assert len(runs) == 3
    assert {(run.state, run.posted_at, run.was_in_doubt) for run in runs} == {(RunState.PENDING, RESTORED, True)}
    assert [event.kind for event in runs[0].events.order_by("pk")] == ["state.pending", "submission.restored"]


def test_the_number_of_statements_does_not_depend_on_how_many_are_due(schedule: Schedule) -> None:
    def statements(count: int) -> int:
        make_many(schedule, count, due=lambda _: ("*/5 * * * *", DUE))
        with CaptureQueriesContext(
            database,
        ) as queries:
            assert pass_over().schedules >= count
        return len(queries)

    pass_over()
    assert statements(3) == statements(30)
    assert Run.objects.filter(slot__isnull=False).count() == 0
