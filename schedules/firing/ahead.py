"""Reads, in the idle seconds before a due time, the schedules that are due at it, and computes their next due times.

In a burst this is a third of beat's own work. Done before, it makes nobody late. It is only a shortcut: a schedule is
locked when it fires, and what was read here is used only if its row has not been written since. Everything else that a
decision depends on (roles, connections, code, active runs, switches in the admin, the clock) is not kept here, but read
when the schedule fires.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from django.db import connection
from django.db.models import Value
from django.db.models.expressions import Combinable, RawSQL

from mantik.lib.garbage import garbage_collected_later
from schedules.cron import CronError, ZoneError
from schedules.firing.timing import stored_timing
from schedules.models import Schedule

# How many rows are kept at most: some 3 KiB each.
MOST_ROWS = 5000


class ReadAhead:
    """The schedules that are due at one moment, each with the version of its row. Threads may share one."""

    def __init__(self) -> None:
        self.due: datetime | None = None
        self._rows: dict[int, tuple[str, Schedule]] = {}

    def read(self, due: datetime) -> None:
        """Keep the schedules that are due at `due`, exactly, and no others. Raises DatabaseError."""
        self.forget()
        self.due = due
        found = Schedule.objects.enabled().filter(next_fire_at=due).for_firing().annotate(row_version=row_version())
        with garbage_collected_later():
            for schedule in found[:MOST_ROWS]:
                _compute_next(schedule)
                if version := schedule.row_version:  # type: ignore[attr-defined]  # as in `_claim` of the engine
                    self._rows[schedule.pk] = version, schedule

    def take(self, key: int, version: str) -> Schedule | None:
        """The schedule with the primary key `key`, once, if its row still has `version`. The caller may change it."""
        kept, schedule = self._rows.pop(key, ("", None))
        return schedule if kept == version else None

    def forget(self) -> None:
        """Keep nothing. Necessary after any failure of the database: one that crashed may give a version again."""
        self.due = None
        self._rows = {}


def row_version() -> Combinable:
    """SQL for the version of a schedule's row: another after each transaction that wrote it.

    PostgreSQL: the number of the last one, which is unique while the server runs. SQLite has none: always "".
    """
    return RawSQL('"schedules_schedule"."xmin"::text', []) if connection.vendor == "postgresql" else Value("")


def _compute_next(schedule: Schedule) -> None:
    """The result is remembered by `Timing`. It depends on nothing but the expression, the zone and the time."""
    assert schedule.next_due_at is not None, "only enabled ones are read"
    with suppress(CronError, ZoneError):
        stored_timing(schedule).next_after(schedule.next_due_at)
