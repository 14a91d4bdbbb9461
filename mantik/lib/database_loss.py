"""The database goes away, or is busy for too long: which errors say so, what a worker does, and who asks meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from threading import Lock
from typing import TypeVar

import structlog
from django.db import InterfaceError, OperationalError, connection

from mantik.lib.causes import with_causes

log = structlog.get_logger(__name__)

# The database cannot be reached, is starting or stopping, or is locked for too long. Other errors are bugs of ours.
DATABASE_AWAY = (OperationalError, InterfaceError)
PATIENCE = timedelta(seconds=30)
_SECONDS_BETWEEN_TRIES = 1.0
# After nobody could be served, pages do not ask again for as long as this. Then one of them tries.
PAUSE_SECONDS = 3.0

# What PostgreSQL calls it, as classes or whole codes: no connection, no (more) connections allowed, out of memory,
# stopping and starting; cancelled, locked, two that wait for each other.
_AWAY_CODES = ("08", "28", "53", "57P")
_BUSY_CODES = ("57014", "55P03", "40")
# What SQLite calls it: each has variants with longer names.
_AWAY_NAMES = ("SQLITE_CANTOPEN",)
_BUSY_NAMES = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")

# What the pool and the connections of the web server raise (mantik/server/patient_connection.py) if nobody is served.
_SERVES_NOBODY = frozenset({"PoolTimeout", "Silent"})

T = TypeVar("T")


class Loss(Enum):
    """Why the database did not do what it was asked; the value says it to people."""

    AWAY = "Mantik can neither read nor store anything without its database. Runs continue at their sites."
    BUSY = "Something else keeps Mantik's database busy, and what you asked for took too long."


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


def loss_in(error: BaseException) -> Loss | None:
    """Whether `error` or what led to it says that the database is away or busy; None for all other errors."""
    return next(filter(None, map(_loss, with_causes(error))), None)


def _loss(error: BaseException) -> Loss | None:
    """Of an error of the database's driver, which Django's own have as their cause.

    psycopg's are known by what they have: with SQLite no process loads psycopg, which takes some MiB of each.
    """
    if hasattr(error, "sqlstate") and "OperationalError" in _kinds(error):
        # Without a code, it was not the server who said it: there is no connection, or it broke.
        return _first(error.sqlstate, _AWAY_CODES, _BUSY_CODES) if error.sqlstate else Loss.AWAY
    if name := getattr(error, "sqlite_errorname", None):
        return _first(name, _AWAY_NAMES, _BUSY_NAMES)
    return None


def _kinds(error: BaseException) -> set[str]:
    """The names of its class and those that this is derived from."""
    return {kind.__name__ for kind in type(error).__mro__}


def _first(code: str, away: tuple[str, ...], busy: tuple[str, ...]) -> Loss | None:
    if code.startswith(away):
        return Loss.AWAY
    return Loss.BUSY if code.startswith(busy) else None


class Outage:
    """Keeps the threads of a process from all waiting for a database that serves nobody. They share it."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._until: float | None = None

    def notice(self, error: BaseException) -> bool:
        """Whether `error` says that no connection was to be had, or that the server is silent. Then a pause begins."""
        serves_nobody = any(_kinds(one) & _SERVES_NOBODY for one in with_causes(error))
        if serves_nobody:
            self._until = self._clock() + PAUSE_SECONDS
        return serves_nobody

    def may_ask(self) -> bool:
        """Whether to ask the database. During an outage, one caller in PAUSE_SECONDS is to try."""
        with self._lock:
            if self._until is None:
                return True
            if self._clock() < self._until:
                return False
            self._until = self._clock() + PAUSE_SECONDS
            return True

    def end(self) -> None:
        """Somebody was served."""
        self._until = None


outage = Outage()
