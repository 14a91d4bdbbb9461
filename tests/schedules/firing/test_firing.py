"""One due time after the other, with the clock in our hands."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from pytest_django import DjangoCaptureOnCommitCallbacks

from connections.models import Connection
from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from mantik.notices.models import Notice
from projects.models import Membership, Project
from projects.roles import Role
from runs.lifecycle import cancelled_message
from runs.models import Run
from runs.states import RunState
from schedules.firing import engine
from schedules.models import Schedule
from schedules.states import CatchUp, Outcome, Overlap, ScheduleState
from tests.schedules.conftest import DUE, EARLIER, fire, runs_of, slots_of
from tests.support.factories import make_run, make_schedule, make_slot
from tests.support.messages import Message

MINUTE = timedelta(minutes=1)
FIVE_MINUTES = timedelta(minutes=5)


@pytest.fixture
def schedule(project: Project, ada: User) -> Schedule:
    return make_schedule(project=project, created_by=ada, now=EARLIER)


def reloaded(schedule: Schedule) -> Schedule:
    return Schedule.objects.get(pk=schedule.pk)


def end(run: Run, state: RunState, at: datetime) -> None:
    Run.objects.filter(pk=run.pk).update(state=state, ended_at=at, next_attempt_at=None)


def test_nothing_happens_before_the_due_time(schedule: Schedule) -> None:
    fire(DUE - timedelta(microseconds=1))
    assert slots_of(schedule) == []
    assert reloaded(schedule).next_due_at == DUE


def test_at_the_due_time_it_starts_a_run_like_the_one_it_repeats(schedule: Schedule, ada: User) -> None:
    fire(DUE)
    (run,) = runs_of(schedule)
    assert slots_of(schedule) == [("08:00", "fired")]
    assert (run.state, run.created_by, run.created_at, run.name) == (RunState.PENDING, ada, DUE, schedule.name)
    assert run.recipe == schedule.recipe
    assert run.next_attempt_at == DUE
    assert run.submission_tag == f"mantik-{run.uuid}"
    assert [event.message for event in run.events.all()] == [
        f"Started by the schedule {schedule.name}, due Mon 1 Mar 2027 08:00 UTC (+00:00)."
    ]
    event = AuditEvent.objects.get(verb="run.scheduled")
    assert (event.actor_name, event.target_uuid, event.project_uuid) == ("Mantik", run.uuid, schedule.project.uuid)


def test_the_next_due_time_is_known_and_the_same_is_not_due_again(schedule: Schedule) -> None:
    fire(DUE)
    fire(DUE + timedelta(seconds=30))
    stored = reloaded(schedule)
    assert slots_of(schedule) == [("08:00", "fired")]
    assert (stored.next_due_at, stored.next_fire_at, stored.dealt_with_until) == (
        DUE + FIVE_MINUTES,
        DUE + FIVE_MINUTES,
        DUE,
    )
    assert (stored.last_due_at, stored.last_outcome, stored.last_reason) == (DUE, "fired", "Started on time.")


@pytest.mark.parametrize(
    ("late", "reason"),
    [
        (timedelta(seconds=5), "Started on time."),
        (timedelta(seconds=6), "Started 6\xa0s late."),
        (timedelta(seconds=59.9), "Started 59\xa0s late."),
        (timedelta(seconds=60), "Started 1\xa0min late: Mantik was not running at that time."),
    ],
)
def test_a_slot_says_how_late_it_was(schedule: Schedule, late: timedelta, reason: str) -> None:
    fire(DUE + late)
    assert [slot.reason for slot in schedule.slots.all()] == [reason]


def test_a_clock_that_is_put_back_fires_nothing_twice(schedule: Schedule) -> None:
    fire(DUE + FIVE_MINUTES)
    fire(DUE)
    fire(DUE + FIVE_MINUTES)
    assert [due for due, _ in slots_of(schedule)] == ["08:00", "08:05"]


def test_the_run_that_it_repeats_may_be_gone(schedule: Schedule) -> None:
    assert schedule.run
    recipe = schedule.recipe
    schedule.run.delete()
    fire(DUE)
    assert runs_of(schedule)[0].recipe == recipe


def test_its_run_is_handed_to_the_workers_after_the_commit(
    schedule: Schedule,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    sent: list[Message],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        fire(DUE)
    assert len(runs_of(schedule)) == 1
    assert sent == [("runs.tasks.submit_next", {})]


def test_many_are_handed_over_in_one_message(
    project: Project,
    ada: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    sent: list[Message],
) -> None:
    for _ in range(3):
        make_schedule(project=project, created_by=ada, now=EARLIER)
    with django_capture_on_commit_callbacks(execute=True):
        fire(DUE)
    assert Run.objects.filter(state="PENDING").count() == 3
    assert sent == [("runs.tasks.submit_next", {})]


def test_operators_see_that_it_fired(schedule: Schedule) -> None:
    fire(DUE)
    task = PeriodicTask.objects.get(pk=schedule.periodic_task_id)
    assert (task.last_run_at, task.total_run_count, task.enabled) == (DUE, 1, True)


def test_statements_do_not_grow_with_what_is_due(project: Project, ada: User) -> None:
    def statements(count: int) -> int:
        for _ in range(count):
            make_schedule(project=project, created_by=ada, now=EARLIER)
        with CaptureQueries() as captured:
            assert engine.fire_due(now=DUE) == count
        return captured.count

    # SQLite takes few rows at a time, so there may be some inserts more.
    assert statements(12) <= statements(2) + 2


class CaptureQueries:
    """How many statements a block executes."""

    def __enter__(self) -> CaptureQueries:
        from django.test.utils import CaptureQueriesContext

        self._context = CaptureQueriesContext(database)
        self._context.__enter__()
        return self

    def __exit__(self, *arguments: object) -> None:
        self._context.__exit__(None, None, None)
        self.count = len(self._context)


# The end


def test_it_ends_with_the_last_due_time_of_its_last_day(project: Project, ada: User) -> None:
    schedule = make_schedule(
        project=project,
        created_by=ada,
        now=EARLIER,
        cron_expression="0 23 * * *",
        time_zone="America/New_York",
        end_date=date(2027, 3, 1),
    )
    assert schedule.next_due_at == datetime.fromisoformat("2027-03-02T04:00:00+00:00")
    fire(schedule.next_due_at)
    stored = reloaded(schedule)
    assert slots_of(schedule) == [("04:00", "fired")]
    assert (stored.state, stored.next_due_at, stored.next_fire_at) == (ScheduleState.ENDED, None, None)
    assert not PeriodicTask.objects.get(pk=schedule.periodic_task_id).enabled
    assert AuditEvent.objects.filter(verb="schedule.ended", target_uuid=schedule.uuid).count() == 1


def test_due_times_before_the_end_are_made_up_for_after_it(project: Project, ada: User) -> None:
    schedule = make_schedule(
        project=project, created_by=ada, now=EARLIER, cron_expression="0 23 * * *", end_date=date(2027, 3, 1)
    )
    fire(EARLIER + timedelta(hours=17))
    assert slots_of(schedule) == [("23:00", "fired")]


# Missed


def test_one_missed_due_time_is_made_up_for_by_default(schedule: Schedule) -> None:
    fire(DUE + 3 * FIVE_MINUTES + 2 * MINUTE)
    assert slots_of(schedule) == [("08:00", "missed"), ("08:05", "missed"), ("08:10", "missed"), ("08:15", "fired")]
    assert reloaded(schedule).last_reason == "Started 2\u00a0min late: Mantik was not running at that time."
    assert reloaded(schedule).next_due_at == DUE + 4 * FIVE_MINUTES


def test_what_is_older_than_the_grace_is_not_made_up_for(project: Project, ada: User) -> None:
    daily: dict[str, Any] = {"project": project, "created_by": ada, "now": EARLIER, "cron_expression": "0 8 * * *"}
    patient = make_schedule(**daily, missed_grace=timedelta(hours=3))
    strict = make_schedule(**daily, missed_grace=timedelta(hours=1))
    fire(DUE + timedelta(hours=2))
    assert slots_of(patient) == [("08:00", "fired")]
    assert slots_of(strict) == [("08:00", "missed")]


def test_missed_due_times_may_be_left_out(project: Project, ada: User) -> None:
    schedule = make_schedule(project=project, created_by=ada, now=EARLIER, missed=CatchUp.SKIP)
    fire(DUE + FIVE_MINUTES + timedelta(seconds=30))
    assert slots_of(schedule) == [("08:00", "missed"), ("08:05", "fired")]


def test_all_missed_due_times_are_made_up_for_up_to_the_cap(project: Project, ada: User) -> None:
    schedule = make_schedule(
        project=project, created_by=ada, now=EARLIER, missed=CatchUp.ALL, missed_cap=2, overlap=Overlap.ALLOW
    )
    fire(DUE + 3 * FIVE_MINUTES + MINUTE)
    assert [outcome for _, outcome in slots_of(schedule)] == ["missed", "missed", "fired", "fired"]


def test_of_missed_due_times_that_must_not_overlap_the_latest_runs(project: Project, ada: User) -> None:
    schedule = make_schedule(project=project, created_by=ada, now=EARLIER, missed=CatchUp.ALL)
    fire(DUE + 2 * FIVE_MINUTES + MINUTE)
    assert [outcome for _, outcome in slots_of(schedule)] == ["skipped", "skipped", "fired"]


def test_a_long_outage_leaves_a_slot_for_each_due_time(project: Project, ada: User) -> None:
    schedule = make_schedule(
        project=project,
        created_by=ada,
        now=EARLIER,
        cron_expression="* * * * *",
        missed=CatchUp.ALL,
        missed_cap=7,
        overlap=Overlap.ALLOW,
    )
    fire(DUE + timedelta(minutes=1203))
    outcomes = [outcome for _, outcome in slots_of(schedule)]
    assert outcomes == ["missed"] * 1197 + ["fired"] * 7


# Overlap


def test_a_due_time_is_skipped_while_the_run_before_is_active(schedule: Schedule) -> None:
    fire(DUE)
    fire(DUE + FIVE_MINUTES)
    (run,) = runs_of(schedule)
    assert slots_of(schedule) == [("08:00", "fired"), ("08:05", "skipped")]
    assert run.short_id in reloaded(schedule).last_reason
    end(run, RunState.FINISHED, DUE + FIVE_MINUTES)
    fire(DUE + 2 * FIVE_MINUTES)
    assert slots_of(schedule)[-1] == ("08:10", "fired")


def test_runs_may_overlap(project: Project, ada: User) -> None:
    schedule = make_schedule(project=project, created_by=ada, now=EARLIER, overlap=Overlap.ALLOW)
    fire(DUE)
    fire(DUE + FIVE_MINUTES)
    assert [run.state for run in runs_of(schedule)] == ["PENDING", "PENDING"]


def test_the_run_before_may_be_cancelled(project: Project, ada: User) -> None:
    schedule = make_schedule(project=project, created_by=ada, now=EARLIER, overlap=Overlap.CANCEL)
    fire(DUE)
    fire(DUE + FIVE_MINUTES)
    first, second = runs_of(schedule)
    # No person did it.
    assert (first.cancel_requested_at, first.cancel_requested_by) == (DUE + FIVE_MINUTES, None)
    message = f"The schedule {schedule.name} cancelled the run, to start the next one."
    assert first.events.get(kind="cancel.requested").message == message
    assert cancelled_message(first) == "Cancelled by its schedule."
    assert second.cancel_requested_at is None


# Limits


def test_a_day_has_so_many_runs_at_most(project: Project, ada: User) -> None:
    schedule = make_schedule(
        project=project,
        created_by=ada,
        now=datetime.fromisoformat("2027-03-01T04:30:00+00:00"),
        cron_expression="0 * * * *",
        time_zone="America/New_York",
        most_runs_per_day=2,
        overlap=Overlap.ALLOW,
    )
    for hour in (5, 6, 7, 8):
        fire(datetime(2027, 3, 1, hour, tzinfo=EARLIER.tzinfo))
    # Midnight in New York is 05:00 UTC.
    assert slots_of(schedule) == [("05:00", "fired"), ("06:00", "fired"), ("07:00", "skipped"), ("08:00", "skipped")]
    fire(datetime(2027, 3, 2, 5, tzinfo=EARLIER.tzinfo))
    assert slots_of(schedule)[-1] == ("05:00", "fired")


def test_the_jitter_delays_each_due_time_by_its_own_time(project: Project, ada: User) -> None:
    schedule = make_schedule(project=project, created_by=ada, now=EARLIER, jitter_seconds=240, overlap=Overlap.ALLOW)
    delays = []
    for _ in range(5):
        stored = reloaded(schedule)
        assert stored.next_due_at
        assert stored.next_fire_at
        delays.append(stored.next_fire_at - stored.next_due_at)
        fire(stored.next_fire_at - timedelta(microseconds=1))
        assert schedule.slots.count() == len(delays) - 1
        fire(stored.next_fire_at)
    assert [outcome for _, outcome in slots_of(schedule)] == ["fired"] * 5
    assert all(timedelta() <= delay <= 4 * MINUTE for delay in delays)
    assert len(set(delays)) > 1


def test_failures_in_a_row_pause_it(project: Project, ada: User) -> None:
    schedule = make_schedule(project=project, created_by=ada, now=EARLIER, pause_after_failures=2)
    for number, state in enumerate([RunState.FAILED, RunState.FINISHED, RunState.FAILED, RunState.LOST]):
        fire(DUE + number * FIVE_MINUTES)
        run = runs_of(schedule)[-1]
        end(run, state, DUE + number * FIVE_MINUTES + MINUTE)
        Run.objects.filter(pk=run.pk).update(outcome=f"IndexError: {number}")
    fire(DUE + 4 * FIVE_MINUTES)
    stored = reloaded(schedule)
    assert [outcome for _, outcome in slots_of(schedule)] == [*["fired"] * 4, "held"]
    assert stored.is_paused
    assert stored.state_reason.startswith("It failed 2 times in a row. The last failure: IndexError: 3. Look")
    told = f"The schedule {schedule.name} in {schedule.project.name} was paused."
    assert Notice.objects.get(user=ada).text.startswith(told)


def test_it_may_go_on_failing(project: Project, ada: User) -> None:
    schedule = make_schedule(project=project, created_by=ada, now=EARLIER, pause_after_failures=0)
    for number in range(4):
        fire(DUE + number * FIVE_MINUTES)
        end(runs_of(schedule)[-1], RunState.FAILED, DUE + number * FIVE_MINUTES + MINUTE)
    assert reloaded(schedule).is_enabled


# Refusals


def test_who_left_the_project_starts_nothing_there_any_more(schedule: Schedule, ada: User) -> None:
    Membership.objects.filter(user=ada).delete()
    fire(DUE)
    assert slots_of(schedule) == [("08:00", "refused")]
    assert "may no longer start runs" in reloaded(schedule).last_reason
    assert Run.objects.filter(state=RunState.PENDING).count() == 0


def test_a_lesser_role_is_not_enough(schedule: Schedule, ada: User) -> None:
    Membership.objects.filter(user=ada).update(role=Role.REPORTER)
    fire(DUE)
    assert slots_of(schedule) == [("08:00", "refused")]


def test_without_its_connection_it_is_refused(schedule: Schedule) -> None:
    assert schedule.connection
    schedule.connection.delete()
    fire(DUE)
    assert "connection was deleted" in reloaded(schedule).last_reason


@pytest.mark.parametrize("columns", [{"expires_at": EARLIER}, {"marked_bad_at": EARLIER, "refused_since": EARLIER}])
def test_a_login_that_does_not_work_is_not_used(schedule: Schedule, columns: dict[str, datetime]) -> None:
    assert schedule.connection
    Connection.objects.filter(pk=schedule.connection.pk).update(**columns)
    fire(DUE)
    assert slots_of(schedule) == [("08:00", "refused")]


def test_code_that_leads_elsewhere_now_is_not_run(schedule: Schedule) -> None:
    assert schedule.code_repository
    schedule.code_repository.url = "https://git.example.org/somebody/else.git"
    schedule.code_repository.save()
    fire(DUE)
    assert "has changed since the schedule was made" in reloaded(schedule).last_reason


def test_without_its_code_repository_it_is_refused(schedule: Schedule) -> None:
    assert schedule.code_repository
    schedule.code_repository.delete()
    fire(DUE)
    assert slots_of(schedule) == [("08:00", "refused")]


def test_its_owner_is_told_of_a_refusal_once_not_each_time(schedule: Schedule, ada: User) -> None:
    Membership.objects.filter(user=ada).update(role=Role.GUEST)
    for number in range(3):
        fire(DUE + number * FIVE_MINUTES)
    notice = Notice.objects.get(user=ada)
    assert notice.text.startswith(f"The schedule {schedule.name} in {schedule.project.name} could not start its run.")
    assert notice.url == f"/projects/{schedule.project.slug}/schedules/{schedule.uuid}/"


def test_refusals_in_a_row_pause_it(schedule: Schedule, ada: User) -> None:
    Membership.objects.filter(user=ada).delete()
    for number in range(6):
        fire(DUE + number * FIVE_MINUTES)
    assert [outcome for _, outcome in slots_of(schedule)] == ["refused"] * 5
    assert reloaded(schedule).is_paused
    assert not PeriodicTask.objects.get(pk=schedule.periodic_task_id).enabled


# What is broken


@pytest.mark.parametrize("columns", [{"cron_expression": "61 * * * *"}, {"time_zone": "Europe/Atlantis"}])
def test_times_that_nobody_can_tell_set_it_aside(schedule: Schedule, columns: dict[str, str]) -> None:
    other = make_schedule(project=schedule.project, created_by=schedule.created_by, now=EARLIER)
    Schedule.objects.filter(pk=schedule.pk).update(**columns)
    fire(DUE)
    assert reloaded(schedule).is_paused
    assert "can no longer be computed" in reloaded(schedule).state_reason
    assert slots_of(schedule) == [("08:00", "held")]
    assert slots_of(other) == [("08:00", "fired")]


def test_who_names_nobody_fires_nobody(schedule: Schedule) -> None:
    """For instance for the message of a schedule that was deleted meanwhile."""
    assert engine.fire_due(now=DUE, only=[]) == 0
    assert slots_of(schedule) == []


def test_one_that_breaks_does_not_stop_the_others(schedule: Schedule, ada: User) -> None:
    other = make_schedule(project=schedule.project, created_by=ada, now=EARLIER)
    # There is a slot already, which cannot be.
    make_slot(schedule, DUE, Outcome.MISSED, reason="?")
    fire(DUE)
    assert reloaded(schedule).is_paused
    assert reloaded(schedule).state_reason.startswith("A fault in Mantik kept this schedule from running")
    assert Notice.objects.filter(user=ada).count() == 1
    assert slots_of(other) == [("08:00", "fired")]
    assert Run.objects.filter(state=RunState.PENDING).count() == 1


def test_every_one_has_a_row_of_its_own_for_operators(project: Project, ada: User) -> None:
    schedules = [
        make_schedule(project=project, created_by=ada, now=EARLIER, time_zone="Europe/Berlin") for _ in range(2)
    ]
    tasks = PeriodicTask.objects.filter(task="schedules.tasks.fire_schedule")
    assert tasks.count() == CrontabSchedule.objects.filter(minute="*/5").count() == len(schedules)
    assert {str(task.crontab.timezone) for task in tasks} == {"Europe/Berlin"}


def test_a_run_of_somebody_else_is_not_counted(schedule: Schedule, project: Project) -> None:
    make_run(RunState.RUNNING, project=project, created_by=schedule.created_by)
    fire(DUE)
    assert slots_of(schedule) == [("08:00", "fired")]
