"""Two beats at 100,000 schedules, of which 2,000 are due at one full minute; the baseline is one beat.

Each beat is a process as people run it. How late a slot is, PostgreSQL tells: it notes when a transaction commits.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

from django.db import connection as database

from bench.ground import Ground
from bench.harness import Result
from bench.postgresql import on_postgresql
from bench.schedules import expression, many_schedules, next_minute, p99, tidy
from mantik.up.broker import broker_service
from schedules.models import Schedule, Slot
from tests.support.schedules import Beats, kill, make_many

# Without it, PostgreSQL does not know when a transaction was committed.
_NOTES_COMMITS = ("track_commit_timestamp=on",)
_SIZE = 100_000
_DUE = 2_000
_PATIENCE_SECONDS = 180
_TICK_SECONDS = 0.5


def two_on_postgresql(ground: Ground) -> Iterator[Result]:
    return on_postgresql("bench.two_beats:two", ground, settings=_NOTES_COMMITS)


def two(ground: Ground) -> Iterator[Result]:
    log = ground.place("beats") / "beat.log"
    with ground.running(broker_service(ground.data_dir)), many_schedules(_SIZE) as template, Beats({}, log) as beats:
        alone, both = (_late(template, beats, count) for count in (1, 2))
    yield Result("schedules.two_beats_p99.100k", p99(both), "s", p99(alone), "one beat")


def _late(template: Schedule, beats: Beats, count: int) -> list[float]:
    """How many seconds late each was, with so many beats."""
    due = next_minute()
    keys = make_many(template, _DUE, due=lambda number: (expression(due, number), due))
    tidy()
    running = [beats.start() for _ in range(count)]
    try:
        _await_slots(keys)
    finally:
        for pid in running:
            kill(pid)
    return _seconds_to_commit(keys, due)


def _await_slots(keys: list[int]) -> None:
    begin = time.monotonic()
    while Slot.objects.filter(schedule__in=keys).count() < len(keys):
        assert time.monotonic() - begin < _PATIENCE_SECONDS, f"It took longer than {_PATIENCE_SECONDS} s."
        time.sleep(_TICK_SECONDS)


def _seconds_to_commit(keys: list[int], due: datetime) -> list[float]:
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_xact_commit_timestamp(xmin) FROM schedules_slot WHERE schedule_id = ANY(%s)", [keys])
        return [(committed - due).total_seconds() for (committed,) in cursor.fetchall()]
