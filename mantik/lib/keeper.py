"""Lengthens a claim on rows from a thread of its own, while a worker waits for a slow answer.

The thread dies with its process, so a worker that is killed, also by Celery at a task's hard time limit, no longer
claims anything. A process that is frozen lengthens nothing. If the worker hangs and Celery does not end its process,
the claim is kept for at most `longest`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from django.db import connection

from mantik.lib.database_loss import DATABASE_AWAY

log = structlog.get_logger(__name__)

# A claim is lengthened each third of its time: one attempt may fail, and clocks may differ by a third.
TIMES_PER_CLAIM = 3
_SECONDS_BEFORE_NEXT_TRY = 1.0
# How long to wait for a statement that is under way when the work is done. A later one finds the claim given up.
_SECONDS_FOR_LAST = 5.0


@contextmanager
def kept(lengthen: Callable[[], bool], *, claim: timedelta, longest: timedelta) -> Iterator[None]:
    """For `with`: call `lengthen` from a thread, each third of the time `claim`, until the block is left.

    Once `lengthen` returns False, there is nothing left to keep, and it is not called again. It runs outside the
    caller's transaction, on its own connection. While the database is away, it is tried each second.
    """
    is_over = threading.Event()
    thread = threading.Thread(target=_keep, args=(lengthen, is_over, claim, longest), name="keeper", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join(_SECONDS_FOR_LAST)


def _keep(lengthen: Callable[[], bool], is_over: threading.Event, claim: timedelta, longest: timedelta) -> None:
    end = time.monotonic() + longest.total_seconds()
    usual = claim.total_seconds() / TIMES_PER_CLAIM
    pause = usual
    while not is_over.wait(pause):
        if time.monotonic() >= end:
            log.error("claim_no_longer_kept", seconds=longest.total_seconds())
            return
        try:
            if not lengthen():
                return
            pause = usual
        except DATABASE_AWAY:
            pause = min(_SECONDS_BEFORE_NEXT_TRY, usual)
        finally:
            # It is seldom needed, so it is not kept open; and a new one is sound, whatever happened to this one.
            connection.close()
