"""Beats, people and operators who meet at the same schedules, each with a connection of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from projects.models import Project
from schedules.firing import engine
from schedules.firing.timing import stored_timing
from schedules.models import Schedule
from schedules.operators import switches
from schedules.services import schedules
from schedules.states import Overlap
from tests.support.factories import make_schedule
from tests.support.schedules import make_many

# Longer than PostgreSQL waits before it looks for a deadlock.
PATIENCE = 60

Act = Callable[[Schedule], object]


@contextmanager
def beside() -> Iterator[Callable[..., Future[Any]]]:
    """`start(act, ...)` has `act` done in a thread that has a connection of its own.

    SQLite lets writers in by chance, and none waits longer than 20 seconds, which many together may take on a busy
    machine. Nothing is stored then; a beat comes again, and so does a person.
    """

    def with_connection(act: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        while True:
            try:
                return act(*arguments, **named)
            except OperationalError as error:
                if "database is locked" not in str(error):
                    raise
            finally:
                connection.close()

    with ThreadPoolExecutor(8) as pool:
        yield lambda act, *arguments, **named: pool.submit(with_connection, act, *arguments, **named)


def fire_all() -> None:
    """As a beat does."""
    while engine.next_moment() and engine.fire_due(now=timezone.now(), limit=7):
        pass


def due_now(project: Project, count: int) -> list[int]:
    """The keys of `count` schedules that are due, copies of one more that is not."""
    due = timezone.now().replace(second=0, microsecond=0)
    template = make_schedule(
        project=project, now=due - timedelta(minutes=2), cron_expression=f"{(due.minute + 30) % 60} {due.hour} * * *"
    )
    return make_many(template, count, due=lambda _: (f"{due.minute} {due.hour} * * *", due))


class Stop:
    """Where somebody stops midway, until it is seen what another does meanwhile."""

    def __init__(self) -> None:
        self.is_reached, self.may_go_on = threading.Event(), threading.Event()

    def here(self) -> None:
        self.is_reached.set()
        assert self.may_go_on.wait(PATIENCE)

    def until_reached(self) -> None:
        assert self.is_reached.wait(PATIENCE)

    def go_on_when_waited_for(self, *others: Future[Any]) -> None:
        """Go on when each of `others` waits for who stopped here, or has ended without having to."""
        try:
            if connection.vendor == "postgresql":
                _until_all_wait_or_ended(others)
            else:
                # SQLite does not tell who waits: a writer that finds the file locked sleeps, and tries again. In this
                # time the others have most likely come so far. If not, they come later, and then do not meet.
                wait(others, timeout=0.3)
        finally:
            self.may_go_on.set()


def _until_all_wait_or_ended(others: Collection[Future[Any]]) -> None:
    deadline = time.monotonic() + PATIENCE / 2
    while _waiting() < sum(not other.done() for other in others):
        assert time.monotonic() < deadline, "They do not wait for each other, so they do not meet."
        time.sleep(0.02)


def _waiting() -> int:
    """How many connections to this database wait for another one."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0
        """)
        return int(cursor.fetchone()[0])


def stop_beat(monkeypatch: pytest.MonkeyPatch, *, dies: bool = False) -> Stop:
    """The first who fires stops between claiming schedules and storing what became of them, or `dies` there."""
    stop = Stop()
    store = engine.store_and_tell

    def stored(*arguments: Any, **named: Any) -> None:
        if not stop.is_reached.is_set():
            stop.here()
            if dies:
                raise OperationalError("The beat was killed.")
        store(*arguments, **named)

    monkeypatch.setattr(engine, "store_and_tell", stored)
    return stop


def stop_before_commit(act: Act, schedule: Schedule, stop: Stop) -> None:
    """`act`, and a stop when all of it is done and nothing of it is to be seen."""
    with transaction.atomic():
        act(schedule)
        stop.here()


# What people and operators do


def pause(schedule: Schedule) -> None:
    schedules.pause_schedule(schedule=schedule, actor=schedule.created_by, now=timezone.now())


def rename(schedule: Schedule) -> None:
    edit(schedule, name=f"renamed {schedule.pk}")


def edit(schedule: Schedule, **columns: Any) -> None:
    timing = stored_timing(schedule)
    policies = schedules.Policies(overlap=Overlap.ALLOW, jitter_seconds=schedule.jitter_seconds)
    usual: dict[str, Any] = {"name": schedule.name, "timing": timing, "policies": policies, "now": timezone.now()}
    schedules.edit_schedule(
        schedule=schedule,
        actor=schedule.created_by,
        revision=schedule.revision,
        run=None,
        connection=schedule.connection,
        compute_budget_account=schedule.compute_budget_account,
        **usual | columns,
    )


def delete(schedule: Schedule) -> None:
    schedules.delete_schedule(schedule=schedule, actor=schedule.created_by)


def switch_in_admin(key: int, *, is_on: bool) -> None:
    """As the admin stores a form: in one transaction."""
    with transaction.atomic():
        task = PeriodicTask.objects.get(mantik_schedule=key)
        task.enabled = is_on
        task.save()


def switch_off(schedule: Schedule) -> None:
    switch_in_admin(schedule.pk, is_on=False)


def switch_off_in_bulk(schedule: Schedule) -> None:
    """As an action of the admin's list does."""
    with switches.switching([schedule.periodic_task_id]):
        PeriodicTask.objects.filter(pk=schedule.periodic_task_id).update(enabled=False)
