"""Many schedules: how late they fire, what an idle tick and an edit cost, and how much memory beat takes.

Two in a hundred are due at one full minute. The baseline is django-celery-beat's own DatabaseScheduler with as many
periodic tasks in the same database, up to the size that it can still finish. Both send to a real broker. The database
is a SQLite file, and in a second run PostgreSQL.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Any
from unittest.mock import patch

from django.db import connection as database
from django.db import transaction
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from bench.ground import TOP, Ground
from bench.harness import Result
from bench.postgresql import on_postgresql
from connections.models import Connection
from mantik.celery import app
from mantik.up.broker import broker_service
from projects.models import Project
from runs.models import Run
from runs.submission.create import send_to_workers_on_commit
from schedules.dependents.projects import empty_project
from schedules.firing import engine
from schedules.firing.beat import ScheduleBeat
from schedules.firing.timing import read_timing
from schedules.models import Schedule, Slot
from schedules.operators import periodic_tasks
from schedules.services import schedules
from tests.support.factories import make_schedule
from tests.support.schedules import make_many

_STOCK = "stock DatabaseScheduler"
_IDLE_TICKS = 200
_EDITS = 20
# The stock scheduler's cost grows with the square of what is due.
_MOST_FOR_STOCK = 10_000
# Prints KiB. On Linux `ru_maxrss` begins at what the parent had, which has just made all these schedules.
_MEMORY = """\
import resource, sys, django
django.setup()
from pathlib import Path
from pkgutil import resolve_name
from mantik.celery import app
resolve_name(sys.argv[1])(app=app).tick()
if (status := Path("/proc/self/status")).exists():
    print(status.read_text().partition("VmHWM:")[2].split()[0])
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def thousand(ground: Ground) -> Iterator[Result]:
    return _measure(ground, "1k", 1_000)


def ten_thousand(ground: Ground) -> Iterator[Result]:
    return _measure(ground, "10k", 10_000)


def hundred_thousand(ground: Ground) -> Iterator[Result]:
    return _measure(ground, "100k", 100_000)


def thousand_on_postgresql(ground: Ground) -> Iterator[Result]:
    return on_postgresql("bench.schedules:thousand", ground)


def ten_thousand_on_postgresql(ground: Ground) -> Iterator[Result]:
    return on_postgresql("bench.schedules:ten_thousand", ground)


def hundred_thousand_on_postgresql(ground: Ground) -> Iterator[Result]:
    return on_postgresql("bench.schedules:hundred_thousand", ground)


@dataclass(frozen=True)
class _Numbers:
    """Seconds of the first tick and of an idle one, how many seconds late each that was due was, and MiB."""

    first: float
    idle: float
    late: list[float]
    memory: float


def _measure(ground: Ground, label: str, size: int) -> Iterator[Result]:
    with ground.running(broker_service(ground.data_dir)):
        with many_schedules(size) as template:
            edit = _edit_seconds(template)
            ours = _ours(template, size)
        stock = _stock(size) if size <= _MOST_FOR_STOCK else None
    name = _STOCK if stock else None
    for what, statistic in (("p50", median), ("p99", p99), ("max", max)):
        theirs = statistic(stock.late) if stock else None
        yield Result(f"schedules.lateness_{what}.{label}", statistic(ours.late), "s", theirs, name)
    yield Result(f"schedules.first_tick.{label}", ours.first, "s", stock.first if stock else None, name)
    yield Result(f"schedules.idle_tick.{label}", ours.idle * 1000, "ms", stock.idle * 1000 if stock else None, name)
    yield Result(f"schedules.edit.{label}", edit * 1000, "ms")
    yield Result(f"schedules.memory.{label}", ours.memory, "MiB", stock.memory if stock else None, name)


@contextmanager
def many_schedules(size: int) -> Iterator[Schedule]:
    """None of them is due for half an hour."""
    now = timezone.now()
    away = now + timedelta(minutes=30)
    template = make_schedule(now=now, cron_expression=f"{away.minute} * * * *")
    hour = away.replace(second=0, microsecond=0)
    make_many(template, size - size // 50, due=lambda _: (f"{away.minute} * * * *", hour))
    try:
        yield template
    finally:
        for project in Project.objects.filter(schedules__isnull=False).distinct():
            empty_project(project)
        Run.objects.all().delete()
        Connection.objects.all().delete()


def next_minute() -> datetime:
    """Far enough away for what has to be made first."""
    soon = timezone.now() + timedelta(seconds=20)
    return soon.replace(second=0, microsecond=0) + timedelta(minutes=1)


def expression(due: datetime, number: int) -> str:
    """One of 616 that are due then."""
    other_hour, other_day = (due.hour + 1 + number % 22) % 24, 1 + number // 22 % 28
    return f"{due.minute} {due.hour},{other_hour} {due.day},{other_day} * *"


def _ours(template: Schedule, size: int) -> _Numbers:
    due = next_minute()
    keys = make_many(template, size // 50, due=lambda number: (expression(due, number), due))
    tidy()
    late: list[float] = []
    beat, first = _started(ScheduleBeat)
    idle = _idle(beat.tick)
    with _watched(late, due):
        _tick_until(beat.tick, lambda: len(late) >= len(keys))
    beat.close()
    assert Slot.objects.filter(schedule__in=keys).count() == len(keys)
    return _Numbers(first, idle, late, _memory("schedules.firing.beat:ScheduleBeat"))


@contextmanager
def _watched(late: list[float], due: datetime) -> Iterator[None]:
    """Adds to `late`, at each commit of slots and runs, how late each of these is."""

    def watch(keys: Sequence[int]) -> None:
        transaction.on_commit(lambda: late.extend([(timezone.now() - due).total_seconds()] * len(keys)))
        send_to_workers_on_commit(keys)

    with patch.object(engine, "send_to_workers_on_commit", watch):
        yield


def _stock(size: int) -> _Numbers:
    """As many tasks of its own, which share two crontabs: with one for each it does not even start on SQLite."""
    due = next_minute()
    away = due + timedelta(minutes=30)
    not_yet, now = (
        CrontabSchedule.objects.create(minute=str(moment.minute), hour="*", timezone="UTC") for moment in (away, due)
    )
    tasks = [PeriodicTask(name=f"stock {number}", task=periodic_tasks.TASK) for number in range(size)]
    for number, task in enumerate(tasks):
        task.crontab = now if number < size // 50 else not_yet
    keys = [task.pk for task in PeriodicTask.objects.bulk_create(tasks, batch_size=2000)]
    tidy()
    try:
        return _Numbers(*_stock_times(due, size // 50), _memory("django_celery_beat.schedulers:DatabaseScheduler"))
    finally:
        periodic_tasks.remove(keys)


def _stock_times(due: datetime, count: int) -> tuple[float, float, list[float]]:
    """Seconds of the first tick, median seconds of an idle one, and how late each was."""
    late: list[float] = []

    class Timed(DatabaseScheduler):  # type: ignore[misc]
        def apply_entry(self, entry: Any, producer: Any = None) -> None:
            super().apply_entry(entry, producer=producer)
            if entry.task == periodic_tasks.TASK:
                late.append((timezone.now() - due).total_seconds())

    beat, first = _started(Timed)
    idle = _idle(beat.tick)
    _tick_until(beat.tick, lambda: len(late) >= count)
    beat.close()
    return first, idle, late


def tidy() -> None:
    """The tables as they are when they were not just filled: no vacuum and no checkpoint in the middle of it."""
    with database.cursor() as cursor:
        if database.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("CHECKPOINT")
        else:
            cursor.execute("ANALYZE")


def _started(scheduler: type[DatabaseScheduler]) -> tuple[DatabaseScheduler, float]:
    """One, and the seconds until it has ticked once."""
    begin = time.perf_counter()
    beat = scheduler(app=app)
    beat.tick()
    return beat, time.perf_counter() - begin


def _idle(tick: Callable[[], float]) -> float:
    """Median seconds of a tick at which nothing is sent.

    A tick returns the seconds until the next one, and 0 after it has sent something.
    """
    while not tick():
        pass
    taken = []
    for _ in range(_IDLE_TICKS):
        begin = time.perf_counter()
        if tick():
            taken.append(time.perf_counter() - begin)
    return median(taken)


def _tick_until(tick: Callable[[], float], is_done: Callable[[], bool]) -> None:
    """As beat does it."""
    while not is_done():
        time.sleep(max(0.0, tick()))


def _edit_seconds(template: Schedule) -> float:
    taken = []
    for number in range(_EDITS):
        timing = read_timing(
            cron_expression=f"{30 + number} 3 * * *", time_zone="UTC", end_date=None, now=timezone.now()
        )
        begin = time.perf_counter()
        schedules.edit_schedule(
            schedule=template,
            actor=template.created_by,
            revision=template.revision,
            name=template.name,
            run=template.run,
            connection=template.connection,
            compute_budget_account=template.compute_budget_account,
            timing=timing,
            policies=schedules.Policies(),
            now=timezone.now(),
        )
        taken.append(time.perf_counter() - begin)
    return median(taken)


def _memory(scheduler: str) -> float:
    """The most that a process had which made the scheduler and ticked once, in MiB."""
    command = [sys.executable, "-c", _MEMORY, scheduler]
    done = subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) / 1024


def p99(values: list[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[98]
