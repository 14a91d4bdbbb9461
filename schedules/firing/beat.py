"""The clock: `celery beat` with this scheduler fires schedules, and starts all other periodic tasks as usual.

Stock DatabaseScheduler reads every task, compares all of them at each tick and sends one per tick, so it costs the
square of what is due, fires twice after a crash, and knows nothing of other beats. Here a tick asks one index what is
due and has `schedules.firing.engine` deal with it, hundreds in one transaction. The stock part has the few other
tasks to itself. Any number of beats may run at once: what one deals with, the others pass over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from django_celery_beat.schedulers import DatabaseScheduler

from mantik.lib import schema
from mantik.lib.queue import send
from schedules.firing import engine
from schedules.operators import periodic_tasks

log = structlog.get_logger(__name__)

# The longest sleep, so that a schedule that is added for the next minute, or a clock that is set, is noticed in time.
LONGEST_SECONDS = 1.0
# Another beat has just claimed what is due.
MEANWHILE_SECONDS = 0.05


class ScheduleBeat(DatabaseScheduler):  # type: ignore[misc]
    """`clock` may be another one for tests.

    While the database is not there, or is one of another version, it waits, and then goes on.
    """

    # Else each tick opens a connection to the broker and waits for it as long as it takes: the schedules must not.
    producer = None
    _last_timestamp: datetime | None = None

    def __init__(self, *args: Any, clock: Callable[[], datetime] = timezone.now, **kwargs: Any) -> None:
        self.clock = clock
        self.is_without_database = False
        self._is_at_database = False
        super().__init__(*args, **kwargs)
        self.max_interval: float = min(kwargs.get("max_interval") or LONGEST_SECONDS, LONGEST_SECONDS)

    def setup_schedule(self) -> None:
        while not self._guarded(self._set_up, otherwise=False):
            time.sleep(LONGEST_SECONDS)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Seconds until the next."""
        own: float = self._guarded(self._fire, otherwise=LONGEST_SECONDS)
        if self.is_without_database:
            return own
        others: float | None = self._guarded(lambda: super(ScheduleBeat, self).tick(*args, **kwargs), otherwise=None)
        if others is None:
            # It may have stopped with an entry in its hands.
            self._heap = None
            return LONGEST_SECONDS
        return min(own, others)

    def close(self) -> None:
        """Writes what is not written yet, unless a signal has interrupted this very process at the database.

        psycopg locks a connection for the time of a query, so its handler would wait for itself for ever. Celery calls
        this once more when the interrupted tick is left.
        """
        if not self._is_at_database:
            super().close()

    def sync(self) -> None:
        self._guarded(super().sync, otherwise=None)

    def enabled_models_qs(self) -> Any:
        """All but the schedules. Without stock's filter by hours, which forgets what is due in other zones."""
        return self.Model.objects.enabled().exclude(task=periodic_tasks.TASK).select_related("crontab", "interval")

    def schedule_changed(self) -> bool:
        """Somebody was in the admin: they may have switched schedules there, too.

        Unlike stock it keeps its connection, which it would open anew at each tick; one that broke is closed.
        """
        before = self._last_timestamp
        try:
            self._last_timestamp = self.Changes.last_change()
        except (DatabaseError, InterfaceError):
            connection.close()
            return False
        is_changed = bool(before and self._last_timestamp and self._last_timestamp > before)
        if is_changed:
            send("schedules.tasks.sweep_switches")
        return is_changed

    def _fire(self) -> float:
        now = self.clock()
        due = engine.next_moment()
        if due is None:
            return LONGEST_SECONDS
        if due > now:
            return min((due - now).total_seconds(), LONGEST_SECONDS)
        return 0.0 if engine.fire_due(now=now) else MEANWHILE_SECONDS

    def _set_up(self) -> bool:
        schema.check(connection)
        engine.next_moment()
        # The database may go away midway, and stock believes then that it has read everything.
        self._initial_read = True
        super().setup_schedule()
        return True

    def _guarded(self, act: Callable[[], Any], *, otherwise: Any) -> Any:
        """What `act` returns, or `otherwise` when the database cannot be asked; said once, not at each tick."""
        was_at_database, self._is_at_database = self._is_at_database, True
        try:
            found = act()
        except (DatabaseError, InterfaceError, schema.Unusable) as error:
            if not self.is_without_database:
                _complain(error)
            self.is_without_database = True
            if not connection.in_atomic_block:
                connection.close()
            return otherwise
        finally:
            self._is_at_database = was_at_database
        if self.is_without_database:
            log.info("beat_has_database_again")
        self.is_without_database = False
        return found


def _complain(error: Exception) -> None:
    """What beat is waiting for: a database of this code, or any."""
    try:
        reason = str(error) if isinstance(error, schema.Unusable) else schema.objection(connection)
    except (DatabaseError, InterfaceError):
        reason = ""
    if reason:
        log.error("beat_cannot_use_database", reason=reason)
    else:
        log.error("beat_without_database", error=type(error).__name__, exc_info=error)
