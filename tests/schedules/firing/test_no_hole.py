"""Whatever somebody does to a schedule, and whenever: each due time up to then has one slot.

Of more than MOST_DUE_TIMES that are held at once, only the latest have: `test_held.py` asks for that.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from connections.services.connections import delete_connection
from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects.models import Project
from runs.models import Run
from runs.states import RunState
from schedules.firing import engine, upkeep
from schedules.firing.timing import fire_moment, read_timing
from schedules.models import Schedule
from schedules.services import schedules
from schedules.states import CatchUp, Outcome, ScheduleState
from tests.schedules.conftest import DUE, EARLIER, fire, slots_of
from tests.schedules.firing import meeting
from tests.schedules.firing.meeting import PATIENCE, Act, beside, due_now, fire_all, stop_beat
from tests.support.factories import make_project, make_schedule, make_user

FIVE_MINUTES = timedelta(minutes=5)
# Twenty seconds after the due time, and no beat has been there.
LATE = DUE + timedelta(seconds=20)
Doing = Callable[[Schedule, datetime], object]


@pytest.fixture
def schedule(project: Project, ada: User) -> Schedule:
    return make_schedule(project=project, created_by=ada, now=EARLIER, name="nightly")


@pytest.fixture
def delayed(project: Project, ada: User) -> Schedule:
    """Its random delay is not over at LATE."""
    jitter_seconds = 240
    slow = next(uuid for uuid in iter(uuid4, None) if fire_moment(uuid, DUE, jitter_seconds) > LATE)
    return make_schedule(project=project, created_by=ada, now=EARLIER, uuid=slow, jitter_seconds=jitter_seconds)


def reloaded(schedule: Schedule) -> Schedule:
    return Schedule.objects.get(pk=schedule.pk)


def pause(schedule: Schedule, now: datetime) -> None:
    schedules.pause_schedule(schedule=schedule, actor=schedule.created_by, now=now)


def edit(schedule: Schedule, now: datetime, cron_expression: str = "0 4 * * *", **columns: Any) -> None:
    timing = read_timing(cron_expression=cron_expression, time_zone="UTC", end_date=None, now=now)
    meeting.edit(reloaded(schedule), now=now, timing=timing, **columns)


def end_early(schedule: Schedule, now: datetime) -> None:
    """Its end date has passed when it is edited."""
    Schedule.objects.filter(pk=schedule.pk).update(cron_expression="0 8 * * *", end_date=DUE.date())
    edit(schedule, now)


def switch_off(schedule: Schedule, _now: datetime) -> None:
    meeting.switch_off(schedule)


def switch_off_in_bulk(schedule: Schedule, _now: datetime) -> None:
    meeting.switch_off_in_bulk(schedule)


def fail_once_more(schedule: Schedule, now: datetime) -> None:
    """The sweep counts a run that failed, which was one too many, before a beat is there."""
    run = schedules.run_now(schedule=schedule, actor=schedule.created_by, now=EARLIER)
    Run.objects.filter(pk=run.pk).update(state=RunState.FAILED, ended_at=now, next_attempt_at=None)
    Schedule.objects.filter(pk=schedule.pk).update(failures_in_a_row=schedule.pause_after_failures - 1)
    upkeep.count_ends(now=now)


def switch_off_past_us(schedule: Schedule, now: datetime) -> None:
    """In the database, past Django: the sweep notices, and nobody knows when it happened."""
    PeriodicTask.objects.filter(pk=schedule.periodic_task_id).update(enabled=False)
    upkeep.apply_switches(now=now)


def of_the_clock(schedule: Schedule) -> list[tuple[str, str]]:
    return [(f"{slot.due_at:%H:%M}", slot.outcome) for slot in schedule.slots.filter(asked_by=None).order_by("due_at")]


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """It is so late, also for what asks the clock."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: LATE)
    return LATE


@pytest.mark.parametrize(
    ("do", "outcome"),
    [
        (pause, "fired"),
        (edit, "fired"),
        (end_early, "fired"),
        (switch_off, "fired"),
        (switch_off_in_bulk, "fired"),
        # Held: it was already off, or had failed too often, when Mantik first looked.
        (switch_off_past_us, "held"),
        (fail_once_more, "held"),
    ],
)
def test_what_was_due_before_has_its_slot_at_once(schedule: Schedule, late: datetime, do: Doing, outcome: str) -> None:
    do(schedule, late)
    assert of_the_clock(schedule) == [("08:00", outcome)]
    fire(late + timedelta(seconds=1))
    assert of_the_clock(schedule) == [("08:00", outcome)]
    assert reloaded(schedule).is_enabled == (do in (edit, end_early))


@pytest.mark.parametrize(
    ("do", "outcome"),
    [
        (pause, "held"),
        (edit, "fired"),
        (switch_off, "held"),
        (switch_off_in_bulk, "held"),
        (switch_off_past_us, "held"),
        (fail_once_more, "held"),
    ],
)
def test_so_has_what_waits_for_its_random_delay(delayed: Schedule, late: datetime, do: Doing, outcome: str) -> None:
    do(delayed, late)
    assert of_the_clock(delayed) == [("08:00", outcome)]
    fire(DUE + timedelta(minutes=4, seconds=59))
    assert of_the_clock(delayed) == [("08:00", outcome)]


def test_an_edit_that_changes_nothing_leaves_the_delay(delayed: Schedule) -> None:
    edit(delayed, LATE, delayed.cron_expression, policies=schedules.Policies(jitter_seconds=240))
    assert slots_of(delayed) == []
    fire(DUE + timedelta(minutes=4))
    assert slots_of(delayed) == [("08:00", "fired")]


def test_run_now_leaves_what_is_due_to_the_beat(schedule: Schedule, delayed: Schedule) -> None:
    for one in (schedule, delayed):
        schedules.run_now(schedule=one, actor=one.created_by, now=LATE)
    fire(DUE + timedelta(minutes=4))
    # The run of Run now is still active.
    assert [of_the_clock(one) for one in (schedule, delayed)] == [[("08:00", "skipped")]] * 2


def test_the_operator_who_switches_off_what_is_due_is_named(schedule: Schedule, late: datetime) -> None:
    otto, browser = make_user("otto", is_staff=True, is_superuser=True), Client()
    browser.force_login(otto)
    browser.post(reverse("admin:django_celery_beat_periodictask_change", args=[schedule.periodic_task_id]), {})
    assert (reloaded(schedule).state_changed_by, slots_of(schedule)) == (otto, [("08:00", "fired")])
    paused = AuditEvent.objects.get(verb="schedule.paused")
    assert (paused.actor_name, paused.after) == ("otto", {"reason": "An operator switched it off."})


def test_one_that_is_set_aside_has_a_slot_for_what_broke(schedule: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(engine, "decide", lambda *_: 1 // 0)
        fire(DUE + FIVE_MINUTES)
    assert slots_of(schedule) == [("08:00", "held")]
    schedules.resume_schedule(schedule=schedule, actor=schedule.created_by, now=DUE + FIVE_MINUTES)
    assert slots_of(schedule) == [("08:00", "held"), ("08:05", "held")]


def test_who_pauses_after_an_edit_holds_nothing_that_never_was_due(schedule: Schedule) -> None:
    Schedule.objects.update(cron_expression="0 8 * * *")
    fire(DUE)
    edit(schedule, DUE + timedelta(hours=3), "*/5 * * * *")
    pause(schedule, DUE + timedelta(hours=3, minutes=1))
    schedules.resume_schedule(
        schedule=schedule, actor=schedule.created_by, catch_up=CatchUp.ONE, now=DUE + timedelta(hours=3, minutes=2)
    )
    assert slots_of(schedule) == [("08:00", "fired")]


def test_what_was_held_before_an_edit_was_held_by_the_old_times(schedule: Schedule) -> None:
    pause(schedule, EARLIER)
    edit(schedule, DUE + FIVE_MINUTES, "*/10 * * * *")
    assert slots_of(schedule) == [("08:00", "held"), ("08:05", "held")]
    assert reloaded(schedule).is_paused
    schedules.resume_schedule(schedule=schedule, actor=schedule.created_by, now=DUE + 3 * FIVE_MINUTES)
    assert slots_of(schedule) == [("08:00", "held"), ("08:05", "held"), ("08:10", "held")]


def test_other_edits_of_a_paused_one_leave_the_choice_to_who_resumes_it(schedule: Schedule) -> None:
    pause(schedule, EARLIER)
    edit(schedule, DUE + FIVE_MINUTES, schedule.cron_expression, name="weekly")
    schedules.resume_schedule(
        schedule=schedule, actor=schedule.created_by, catch_up=CatchUp.ONE, now=DUE + FIVE_MINUTES
    )
    assert slots_of(schedule) == [("08:00", "held"), ("08:05", "fired")]


# Who meets a beat midway. Each has a connection of its own.


def resume(schedule: Schedule) -> None:
    schedules.resume_schedule(schedule=schedule, actor=schedule.created_by, now=timezone.now())


def run_now(schedule: Schedule) -> None:
    schedules.run_now(schedule=schedule, actor=schedule.created_by, now=timezone.now())


def lose_the_connection(schedule: Schedule) -> None:
    assert schedule.connection
    delete_connection(connection=schedule.connection, even_if_used=True)


PAUSING: list[Act] = [meeting.pause, meeting.switch_off, meeting.switch_off_in_bulk]
ACTS: list[Act] = [*PAUSING, meeting.rename, resume, run_now, lose_the_connection, meeting.delete]
in_the_middle = pytest.mark.django_db(transaction=True)


@pytest.fixture
def due(transactional_db: None, sent: object) -> Schedule:
    return Schedule.objects.get(pk=due_now(make_project(), 1)[0])


def assert_one_slot(act: Act, schedule: Schedule, due_at: datetime | None) -> None:
    """Whoever was first, the due time has one slot, and what somebody did has happened."""
    found = Schedule.objects.filter(pk=schedule.pk).first()
    if act is meeting.delete:
        assert found is None
        return
    assert found
    [slot] = found.slots.filter(asked_by=None)
    assert (slot.due_at, slot.run is not None) == (due_at, slot.outcome == Outcome.FIRED)
    assert found.is_paused == (act in PAUSING)
    assert (found.name == f"renamed {found.pk}") == (act is meeting.rename)
    assert (found.connection is None) == (act is lose_the_connection)
    # Run now has a slot of its own, unless the due time had fired: then it was refused, because runs must not overlap.
    started_by_hand = 1 if act is run_now and slot.outcome != Outcome.FIRED else 0
    assert found.slots.exclude(asked_by=None).count() == started_by_hand
    assert PeriodicTask.objects.get(pk=found.periodic_task_id).enabled == found.is_enabled


def assert_only_an_overlap_was_refused(act: Act, error: BaseException | None) -> None:
    """Run now is refused for a schedule that has just fired, and whose runs must not overlap."""
    assert error is None or (act is run_now and isinstance(error, schedules.NotAllowed)), error


@in_the_middle
@pytest.mark.parametrize("dies", [False, True], ids=["stores", "dies"])
@pytest.mark.parametrize("act", [act for act in ACTS if act is not resume])
def test_who_comes_while_a_beat_has_it(due: Schedule, act: Act, dies: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A beat that dies there has stored nothing."""
    due_at, stop = due.next_due_at, stop_beat(monkeypatch, dies=dies)
    with beside() as start:
        beat = start(fire_all)
        stop.until_reached()
        acting = start(act, due)
        stop.go_on_when_waited_for(acting)
        assert (beat.exception(PATIENCE) is not None) == dies
        assert_only_an_overlap_was_refused(act, acting.exception(PATIENCE))
    if act in (*PAUSING, meeting.rename):
        # They deal with it themselves: nobody else would know by which rules.
        assert_one_slot(act, due, due_at)
    fire_all()
    assert_one_slot(act, due, due_at)


@in_the_middle
@pytest.mark.parametrize("act", ACTS)
def test_a_beat_that_comes_while_somebody_has_it(due: Schedule, act: Act) -> None:
    due_at, stop = due.next_due_at, meeting.Stop()
    assert due_at
    if act is resume:
        Schedule.objects.filter(pk=due.pk).update(
            state=ScheduleState.PAUSED, next_due_at=None, next_fire_at=None, dealt_with_until=due_at - timedelta(1)
        )
        PeriodicTask.objects.filter(pk=due.periodic_task_id).update(enabled=False)
    with beside() as start:
        acting = start(meeting.stop_before_commit, act, due, stop)
        stop.until_reached()
        beat = start(engine.fire_due, now=timezone.now())
        stop.go_on_when_waited_for(beat)
        assert_only_an_overlap_was_refused(act, acting.exception(PATIENCE))
        beat.result(PATIENCE)
    fire_all()
    assert_one_slot(act, due, due_at)


@in_the_middle
def test_what_fails_in_one_beat_and_is_fired_by_another_is_not_paused(
    due: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed, set_aside = meeting.Stop(), engine.set_aside_broken

    def set_aside_later(key: int, *, now: datetime) -> bool:
        failed.here()
        return set_aside(key, now=now)

    monkeypatch.setattr(engine, "set_aside_broken", set_aside_later)
    with beside() as start:
        with monkeypatch.context() as patch:
            patch.setattr(engine, "decide", lambda *_: 1 // 0)
            failing = start(engine.fire_due, now=timezone.now())
            failed.until_reached()
        firing = stop_beat(monkeypatch)
        beat = start(fire_all)
        firing.until_reached()
        failed.may_go_on.set()
        firing.go_on_when_waited_for(failing)
        beat.result(PATIENCE)
        dealt_with = failing.result(PATIENCE)
    assert reloaded(due).is_enabled
    assert [slot.outcome for slot in due.slots.all()] == [Outcome.FIRED]
    assert dealt_with == 0
