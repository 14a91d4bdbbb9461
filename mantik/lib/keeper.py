"""Lengthens a claim on rows from a thread of its own, while whoever made the claim waits for one slow answer.

The thread dies with its process: a worker that is killed, also by Celery at a task's hard time limit, claims nothing
any more. A process that is frozen lengthens nothing. A thread that hangs, without Celery to end its process, keeps its
claim no longer than `longest`.
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

# Each third of its time, so that one that fails is made up for, and clocks may differ by a third.
TIMES_PER_CLAIM = 3
_SECONDS_BEFORE_NEXT_TRY = 1.0
# For a statement that is under way when the work is done. What comes after that finds the claim given up.
_SECONDS_FOR_LAST = 5.0


@contextmanager
def kept(lengthen: Callable[[], bool], *, claim: timedelta, longest: timedelta) -> Iterator[None]:
    """Call `lengthen` from a thread, each third of the time `claim`, until this block is left.

    It says False once there is nothing left to keep; then it is not called again. It is called outside of the caller's
    transaction, on a connection of its own. While the database is away it is tried each second.
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
            # Seldom needed, so it is not held meanwhile; and the next one is sound, whatever became of this.
            connection.close()
