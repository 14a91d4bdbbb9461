"""Fires what is due, in two threads where the database allows two transactions at a time.

In a burst, the database waits half of the time while this process decides, and this process waits the other half. A
second thread with its own connection fills these gaps: each passes over what the other has claimed, as two beats do.
"""

from __future__ import annotations

import time
from concurrent.futures import Future
from datetime import datetime
from threading import Event, Thread

from django.db import connection

from schedules.firing import engine
from schedules.firing.ahead import ReadAhead
from schedules.models import Schedule
from schedules.operators import periodic_tasks

# After this time beat sends its other tasks, which wait meanwhile; its next tick continues the burst.
BURST_SECONDS = 2.0


def fire_burst(*, now: datetime, ahead: ReadAhead) -> int:
    """Deal with schedules that are due; returns how many this process dealt with, 0 if others have claimed them all.

    Schedules that it leaves are still due at the next call. Raises DatabaseError or InterfaceError if the
    database does not answer.
    """
    if not connection.features.has_select_for_update_skip_locked or not _is_burst(now):
        return engine.fire_due(now=now, ahead=ahead)
    fired: list[int] = []
    count = _fire_in_two_threads(now, ahead, fired)
    # Only operators in the admin see this, so what is due does not wait for it. Nor does a beat that has to stop, or
    # whose database has failed.
    periodic_tasks.note_fired(fired, now=now)
    return count


def _fire_in_two_threads(now: datetime, ahead: ReadAhead, fired: list[int]) -> int:
    is_over, count_of_other = Event(), Future[int]()
    # A daemon: beat may have to stop while the database keeps both threads waiting. The thread ends with the process,
    # and its transaction with it.
    other = Thread(
        target=_run_other_thread, args=(now, ahead, fired, is_over, count_of_other), name="burst", daemon=True
    )
    try:
        other.start()
    except RuntimeError:  # the machine allows no more threads
        return engine.fire_due(now=now, ahead=ahead, to_note=fired)
    try:
        count = _fire_until(is_over, now, ahead, fired)
    finally:
        # All that is due is claimed, the time is over, or this thread failed. In each case the other one ends after
        # its present transaction.
        is_over.set()
    return count + count_of_other.result()


def _is_burst(now: datetime) -> bool:
    """Whether more schedules are due than one transaction deals with."""
    return Schedule.objects.due(now)[engine.SCHEDULES_PER_TRANSACTION : engine.SCHEDULES_PER_TRANSACTION + 1].exists()


def _run_other_thread(now: datetime, ahead: ReadAhead, fired: list[int], is_over: Event, count: Future[int]) -> None:
    try:
        count.set_result(_fire_until(is_over, now, ahead, fired))
    except Exception as error:  # noqa: BLE001 - it is raised where the result is asked for
        count.set_exception(error)
    finally:
        connection.close()


def _fire_until(is_over: Event, now: datetime, ahead: ReadAhead, fired: list[int]) -> int:
    total, end = 0, time.monotonic() + BURST_SECONDS
    while not is_over.is_set() and time.monotonic() < end:
        count = engine.fire_due(now=now, ahead=ahead, to_note=fired)
        if not count:
            break
        total += count
    return total
