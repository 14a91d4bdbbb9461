"""Fires all that is due at a moment, with two transactions at a time where the database can have two.

Half the time of a burst this process decides and the database waits for it; the other half it is the other way round.
So a second thread, with a connection of its own, does the same as the first: each passes over what the other has
claimed, as two beats do.
"""

from __future__ import annotations

import time
from concurrent.futures import Future
from datetime import datetime
from threading import Event, Thread

from django.db import connection

from schedules.firing import engine
from schedules.models import Schedule

# Then beat does what else it has to do, and comes again for the rest.
LONGEST_SECONDS = 2.0


def fire_burst(*, now: datetime) -> int:
    """Deal with schedules that are due; returns how many this process dealt with, and 0 if none was left to it.

    Those that it leaves are due at the next call. Raises DatabaseError if the database does not answer.
    """
    if not connection.features.has_select_for_update_skip_locked or not _is_burst(now):
        return engine.fire_due(now=now)
    is_over, beside = Event(), Future[int]()
    # Beat may be told to end while the database keeps both waiting. Then nobody waits for the thread: it ends with its
    # process, and its transaction with it.
    Thread(target=_fire_beside, args=(now, is_over, beside), name="burst", daemon=True).start()
    try:
        fired = _fire_until(is_over, now)
    finally:
        is_over.set()
    return fired + beside.result()


def _is_burst(now: datetime) -> bool:
    """Whether more is due than one transaction deals with."""
    return Schedule.objects.due(now)[engine.AT_ONCE : engine.AT_ONCE + 1].exists()


def _fire_beside(now: datetime, is_over: Event, beside: Future[int]) -> None:
    try:
        beside.set_result(_fire_until(is_over, now))
    except Exception as error:  # noqa: BLE001 - it is raised where the result is asked for
        beside.set_exception(error)
    finally:
        connection.close()


def _fire_until(is_over: Event, now: datetime) -> int:
    fired, end = 0, time.monotonic() + LONGEST_SECONDS
    while not is_over.is_set() and time.monotonic() < end:
        count = engine.fire_due(now=now)
        if not count:
            break
        fired += count
    return fired
