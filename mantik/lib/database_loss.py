"""What a worker does when the database goes away in the middle of its work."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import structlog
from django.db import InterfaceError, OperationalError, connection

log = structlog.get_logger(__name__)

# The database cannot be reached, is starting or stopping, or is locked for too long. Other errors are bugs of ours.
DATABASE_AWAY = (OperationalError, InterfaceError)
PATIENCE = timedelta(seconds=30)
_SECONDS_BETWEEN_TRIES = 1.0

T = TypeVar("T")


def write_patiently(write: Callable[[], T], *, patience: timedelta = PATIENCE) -> T:
    """Call `write` until the database has taken it, for half a minute. Raises the last error of DATABASE_AWAY.

    In a transaction, which is lost as a whole, it is called once. A write that failed may have been stored
    nevertheless, so `write` must be safe to repeat: a compare-and-set, or a transaction that contains one.
    """
    end = time.monotonic() + patience.total_seconds()
    while True:
        try:
            return write()
        except DATABASE_AWAY as error:
            if time.monotonic() >= end or connection.in_atomic_block:
                raise
            log.warning("database_away", error=type(error).__name__)
        # The connection may be broken; the next statement opens another one.
        connection.close()
        time.sleep(_SECONDS_BETWEEN_TRIES)
