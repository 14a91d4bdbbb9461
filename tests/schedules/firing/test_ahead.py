"""What was read before the due time makes no difference, whatever happens between reading and firing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django_celery_beat.models import PeriodicTask

from connections.models import Connection
from mantik.accounts.models import User
from mantik.celery import app
from projects.models import CodeRepository, Membership
from projects.roles import Role
from runs.models import Run
from runs.states import RunState
from schedules.firing import beat as firing_beat
from schedules.firing import engine
from schedules.firing.ahead import ReadAhead
from schedules.firing.beat import ScheduleBeat
from schedules.models import Schedule, Slot
from schedules.services.running import run_now
from schedules.services.schedules import pause_schedule
from tests.schedules.conftest import DUE, EARLIER, slots_of
from tests.support.factories import join, make_connection, make_restore, make_schedule, make_slot

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite's rows have no versions.")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sent")]

_SECOND = timedelta(seconds=1)


@pytest.fixture
def schedule(transactional_db: None) -> Schedule:
    made = make_schedule(now=EARLIER, most_runs_per_day=2)
    join(made.project, Role.OWNER)  # so that the other one may leave
    return made


@pytest.fixture
def ahead(schedule: Schedule) -> ReadAhead:
    made = ReadAhead()
    made.read(DUE)
    return made


class Seen(ReadAhead):
    """Notes what was taken."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[int] = []

    def take(self, key: int, version: str) -> Schedule | None:
        found = super().take(key, version)
        self.taken += [found.pk] if found else []
        return found


def outcome(schedule: Schedule, *, now: datetime, ahead: ReadAhead | None) -> dict[str, Any]:
    """All that firing at `now` stores; it is rolled back."""
    with transaction.atomic():
        engine.fire_due(now=now, ahead=ahead)
        found = {
            "schedule": Schedule.objects.filter(pk=schedule.pk).values().first(),
            "slots": list(Slot.objects.order_by("due_at").values("due_at", "outcome", "reason", "awaits_end")),
            "runs": list(Run.objects.order_by("pk").values("uuid", "name", "state", "commit_sha", "posted_at")),
            "operators": list(PeriodicTask.objects.values("enabled", "last_run_at", "total_run_count")),
        }
        transaction.set_rollback(True)
    return found


def rename(schedule: Schedule) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(name="another name")


def set_another_expression(schedule: Schedule) -> None:
    """Due at the same time, and then not for an hour."""
    Schedule.objects.filter(pk=schedule.pk).update(cron_expression="0 * * * *")


def put_back_from_a_backup(schedule: Schedule) -> None:
    stored = Schedule.objects.get(pk=schedule.pk)
    stored.name = "as it was"
    with transaction.atomic():
        Schedule.objects.filter(pk=schedule.pk)._raw_delete("default")
        stored.save(force_insert=True)


def pause(schedule: Schedule) -> None:
    pause_schedule(schedule=schedule, actor=schedule.created_by, now=EARLIER)


def switch_off_by_sql(schedule: Schedule) -> None:
    PeriodicTask.objects.filter(pk=schedule.periodic_task_id).update(enabled=False)


def delete(schedule: Schedule) -> None:
    schedule.delete()


def delete_the_run_it_repeats(schedule: Schedule) -> None:
    Run.objects.filter(repeated_by=schedule).delete()


def lessen_the_role(schedule: Schedule) -> None:
    Membership.objects.filter(user=schedule.created_by).update(role=Role.GUEST)


def switch_off_the_account(schedule: Schedule) -> None:
    User.objects.filter(pk=schedule.created_by_id).update(is_active=False)


def delete_the_connection(schedule: Schedule) -> None:
    Connection.objects.filter(schedules=schedule).delete()


def hand_on_the_connection(schedule: Schedule) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(connection=make_connection())


def let_the_secret_expire(schedule: Schedule) -> None:
    Connection.objects.filter(schedules=schedule).update(expires_at=EARLIER)


def move_the_code(schedule: Schedule) -> None:
    CodeRepository.objects.filter(schedules=schedule).update(url="https://git.example.org/other.git")


def start_a_run_by_hand(schedule: Schedule) -> None:
    run_now(schedule=schedule, actor=schedule.created_by, now=EARLIER)


def start_a_run_in_the_table(schedule: Schedule) -> None:
    """Its slot is there, and its schedule was not written."""
    make_slot(schedule, EARLIER, run=_copy_of_its_run(schedule, RunState.PENDING), awaits_end=True)


def let_a_run_fail(schedule: Schedule) -> None:
    failed = _copy_of_its_run(schedule, RunState.FAILED)
    make_slot(schedule, EARLIER, run=failed, awaits_end=True)


def reach_the_limit_of_the_day(schedule: Schedule) -> None:
    for hours in (1, 2):
        make_slot(schedule, EARLIER - timedelta(hours=hours))


def restore_the_database(_: Schedule) -> None:
    make_restore(backup_of=EARLIER, at=DUE + _SECOND)


def _copy_of_its_run(schedule: Schedule, state: RunState) -> Run:
    copy = Run.objects.get(repeated_by=schedule)
    copy.pk, copy.uuid = None, schedule.uuid
    copy.state, copy.submission_tag, copy.job_url = state, "mantik-copy", ""
    copy.submitted_at = None
    copy.save(force_insert=True)
    return copy


# What happens, and what it leads to: the outcome of the slot and words of its reason.
CHANGES: list[tuple[Callable[[Schedule], None], str, str]] = [
    (lambda _: None, "fired", "on time"),
    (rename, "fired", "on time"),
    (set_another_expression, "fired", "on time"),
    (put_back_from_a_backup, "fired", "on time"),
    (pause, "", ""),
    (switch_off_by_sql, "held", "operator"),
    (delete, "", ""),
    (delete_the_run_it_repeats, "fired", "on time"),
    (lessen_the_role, "refused", "may no longer start runs"),
    (switch_off_the_account, "refused", "may no longer start runs"),
    (delete_the_connection, "refused", "connection was deleted"),
    (hand_on_the_connection, "refused", ""),
    (let_the_secret_expire, "refused", "has expired"),
    (move_the_code, "refused", "has changed"),
    (start_a_run_by_hand, "skipped", "still active"),
    (start_a_run_in_the_table, "skipped", "still active"),
    (let_a_run_fail, "fired", "on time"),
    (reach_the_limit_of_the_day, "skipped", "at most 2"),
    (restore_the_database, "fired", "on time"),
]


@pytest.mark.parametrize(("change", "result", "reason"), CHANGES, ids=lambda value: getattr(value, "__name__", None))
def test_what_happens_in_between_counts(
    schedule: Schedule, ahead: ReadAhead, change: Callable[[Schedule], None], result: str, reason: str
) -> None:
    change(schedule)
    usual = outcome(schedule, now=DUE, ahead=None)
    assert outcome(schedule, now=DUE, ahead=ahead) == usual
    due = [slot for slot in usual["slots"] if slot["due_at"] == DUE]
    assert [slot["outcome"] for slot in due] == ([result] if result else [])
    assert all(reason in slot["reason"] for slot in due)


@pytest.mark.parametrize("now", [DUE + 7 * _SECOND, DUE + timedelta(minutes=61), DUE + timedelta(days=9)])
def test_a_clock_that_jumps_makes_it_late(schedule: Schedule, ahead: ReadAhead, now: datetime) -> None:
    assert outcome(schedule, now=now, ahead=ahead) == outcome(schedule, now=now, ahead=None)


def test_a_clock_that_is_put_back_fires_nothing(schedule: Schedule, ahead: ReadAhead) -> None:
    assert engine.fire_due(now=DUE - _SECOND, ahead=ahead) == 0
    assert engine.fire_due(now=DUE, ahead=ahead) == 1
    assert slots_of(schedule) == [("08:00", "fired")]


@on_postgresql
def test_what_was_not_written_is_not_read_again(schedule: Schedule) -> None:
    ahead = Seen()
    ahead.read(DUE)
    make_schedule(now=EARLIER)  # after it was read
    assert engine.fire_due(now=DUE, ahead=ahead) == 2
    assert ahead.taken == [schedule.pk]


@on_postgresql
def test_what_a_failed_transaction_has_changed_is_not_used_again(
    schedule: Schedule, ahead: ReadAhead, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("The database has gone.")

    with monkeypatch.context() as patch:
        patch.setattr(engine, "store_slots", fail)
        with suppress(OperationalError):
            engine.fire_due(now=DUE, ahead=ahead)
    assert engine.fire_due(now=DUE, ahead=ahead) == 1
    assert slots_of(schedule) == [("08:00", "fired")]


class Clock:
    def __init__(self) -> None:
        self.now = EARLIER

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def beat(schedule: Schedule, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScheduleBeat]:
    """Its ahead tells what was taken. It sends nothing else."""
    monkeypatch.setattr(firing_beat, "ReadAhead", Seen)
    monkeypatch.setattr(ScheduleBeat, "apply_entry", lambda *_, **__: None)
    made = ScheduleBeat(app=app, clock=clock)
    yield made
    made.close()


@on_postgresql
def test_beat_reads_shortly_before_the_due_time(beat: ScheduleBeat, clock: Clock, schedule: Schedule) -> None:
    for clock.now in (DUE - 10 * _SECOND, DUE - 2 * _SECOND, DUE - 1 * _SECOND, DUE):
        beat.tick()
    assert isinstance(beat._ahead, Seen)
    assert beat._ahead.taken == [schedule.pk]
    assert slots_of(schedule) == [("08:00", "fired")]


@on_postgresql
def test_beat_forgets_what_it_read_when_the_database_fails(
    beat: ScheduleBeat, clock: Clock, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OperationalError("The database has gone.")

    clock.now = DUE - 2 * _SECOND
    beat.tick()
    with monkeypatch.context() as patch:
        patch.setattr(engine, "next_moment", fail)
        beat.tick()
    clock.now = DUE
    beat.tick()
    assert isinstance(beat._ahead, Seen)
    assert beat._ahead.taken == []
    assert slots_of(schedule) == [("08:00", "fired")]
