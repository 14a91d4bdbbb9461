"""The scheduler of `celery beat`: it fires schedules, and starts all other periodic tasks as usual.

The stock DatabaseScheduler reads every task, compares all of them at each tick and sends one per tick, so its cost
grows with the square of what is due, it fires twice after a crash, and it knows nothing of other beats. Here a tick
asks one index what is due, and `schedules.firing.engine` deals with hundreds in one transaction. The stock part keeps
the few other tasks. Any number of beats may run at once: what one deals with, the others pass over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from celery.schedules import maybe_schedule
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone
from django_celery_beat.schedulers import DatabaseScheduler

from mantik.lib import schema
from mantik.lib.queue import send
from runs.restored import marks
from schedules.firing import engine
from schedules.firing.ahead import ReadAhead
from schedules.firing.burst import fire_burst
from schedules.operators import periodic_tasks

log = structlog.get_logger(__name__)

# Short enough that a schedule just added for the next minute, or a change of the clock, is noticed in time.
LONGEST_SLEEP_SECONDS = 1.0
# How long before they are due schedules are read: late enough that few are changed after that, early enough that it is
# done by then. There is a tick in between, as beat sleeps less long.
READ_AHEAD_AT_MOST, READ_AHEAD_AT_LEAST = timedelta(seconds=2.5), timedelta(seconds=0.5)
# How long beat sleeps when another beat has claimed what is due.
RETRY_SECONDS = 0.05


class ScheduleBeat(DatabaseScheduler):  # type: ignore[misc]
    """Waits while the database does not answer or belongs to another version, then continues.

    `clock` returns the present time; tests pass their own.
    """

    # With a producer each tick would connect to the broker and wait for it; schedules must not wait for the broker.
    producer = None
    _last_timestamp: datetime | None = None

    def __init__(self, *args: Any, clock: Callable[[], datetime] = timezone.now, **kwargs: Any) -> None:
        self.clock = clock
        self.is_without_database = False
        self._is_at_database = False
        self._ahead = ReadAhead()
        self._marks = marks.Watch()
        super().__init__(*args, **kwargs)
        self.max_interval: float = min(kwargs.get("max_interval") or LONGEST_SLEEP_SECONDS, LONGEST_SLEEP_SECONDS)

    def setup_schedule(self) -> None:
        while not self._guarded(self._set_up, otherwise=False):
            time.sleep(LONGEST_SLEEP_SECONDS)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Do what is due; returns the seconds until the next tick."""
        own: float = self._guarded(self._fire, otherwise=LONGEST_SLEEP_SECONDS)
        if self.is_without_database:
            return own
        others: float | None = self._guarded(lambda: super(ScheduleBeat, self).tick(*args, **kwargs), otherwise=None)
        if others is None:
            # The stock part may have stopped in the middle of its heap, or after noting a change it has not read.
            self._heap = None
            self._initial_read = True
            return LONGEST_SLEEP_SECONDS
        return min(own, others)

    def close(self) -> None:
        """Store what is not stored yet, unless a signal interrupted this process in a query.

        psycopg locks a connection during a query, so writing from the signal handler would wait for itself for ever.
        Celery calls this method again after the interrupted tick.
        """
        if not self._is_at_database:
            super().close()

    def sync(self) -> None:
        self._guarded(super().sync, otherwise=None)

    def update_from_dict(self, mapping: dict[str, dict[str, Any]]) -> None:
        """Store those of these tasks that are new or changed, in one transaction.

        The stock method writes all of them at each start, with four commits for each.
        """
        stored = self.schedule
        missing = {name: task for name, task in mapping.items() if not _is_stored(stored.get(name), **task)}
        with transaction.atomic():
            entries = {name: self.Entry.from_entry(name, app=self.app, **task) for name, task in missing.items()}
        stored.update({name: entry for name, entry in entries.items() if entry.model.enabled})

    def enabled_models_qs(self) -> Any:
        """All but the schedules, and without the stock filter by hours, which misses what is due in other zones."""
        return self.Model.objects.enabled().exclude(task=periodic_tasks.TASK).select_related("crontab", "interval")

    def schedule_changed(self) -> bool:
        """Whether somebody changed tasks in the admin; they may have switched schedules there, too.

        Unlike the stock method it keeps its database connection from tick to tick; one that broke is closed.
        """
        previous = self._last_timestamp
        try:
            self._last_timestamp = self.Changes.last_change()
        except (DatabaseError, InterfaceError):
            connection.close()
            return False
        is_changed = bool(previous and self._last_timestamp and self._last_timestamp > previous)
        if is_changed:
            send("schedules.tasks.sweep_switches")
        return is_changed

    def _fire(self) -> float:
        now = self.clock()
        if self._marks.why_nothing_may_start(mark=now):
            return LONGEST_SLEEP_SECONDS
        due = engine.next_moment()
        if due is None:
            return LONGEST_SLEEP_SECONDS
        if due <= now:
            return 0.0 if fire_burst(now=now, ahead=self._ahead) else RETRY_SECONDS
        self._read_ahead(due, now=now)
        return max(0.0, min((due - self.clock()).total_seconds(), LONGEST_SLEEP_SECONDS))

    def _read_ahead(self, due: datetime, *, now: datetime) -> None:
        if due == self._ahead.due:
            return
        if READ_AHEAD_AT_LEAST <= due - now <= READ_AHEAD_AT_MOST:
            self._ahead.read(due)
        else:
            self._ahead.forget()

    def _set_up(self) -> bool:
        schema.check(connection)
        # If the database goes away midway, the stock scheduler believes that it has read everything.
        self._initial_read = True
        super().setup_schedule()
        return True

    def _guarded(self, act: Callable[[], Any], *, otherwise: Any) -> Any:
        """Return what `act` returns, or `otherwise` if the database does not answer. Logs that once, not each tick."""
        was_at_database, self._is_at_database = self._is_at_database, True
        try:
            found = act()
        except (DatabaseError, InterfaceError, schema.Unusable) as error:
            if not self.is_without_database:
                _complain(error)
            self.is_without_database = True
            self._ahead.forget()
            if not connection.in_atomic_block:
                connection.close()
            return otherwise
        finally:
            self._is_at_database = was_at_database
        if self.is_without_database:
            log.info("beat_has_database_again")
        self.is_without_database = False
        return found


def _is_stored(entry: Any, *, task: str, schedule: Any, options: dict[str, Any]) -> bool:
    """Whether the row that `entry` was read from, if any, says the same as the settings."""
    if entry is None or (entry.task, entry.model.expire_seconds) != (task, options["expire_seconds"]):
        return False
    return bool(entry.schedule == maybe_schedule(schedule))


def _complain(error: Exception) -> None:
    """Log that beat waits: for a database that answers, or for one that fits this version."""
    try:
        reason = str(error) if isinstance(error, schema.Unusable) else schema.objection(connection)
    except (DatabaseError, InterfaceError):
        reason = ""
    if reason:
        log.error("beat_cannot_use_database", reason=reason)
    else:
        log.error("beat_without_database", error=type(error).__name__, exc_info=error)
