"""Room to store things: how much is left where Mantik writes, and which errors say that there is none.

Each process looks at the file systems that it can see: that of a database of SQLite, of the broker and the MLflow that
`manage.py up` starts, and of the data directory. Servers elsewhere (PostgreSQL, another broker) do not say how much
room they have. That there is none is known from their errors, which are remembered for a while.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone
from redis.exceptions import OutOfMemoryError, ResponseError

from mantik.lib.humanize import absolute_time, filesize
from mantik.lib.service_urls import own_broker_url

# With less than this, a transaction may or may not find room: the file system counts as full.
FULL_BYTES = 1_000_000
# For how long what was seen of free space counts, and for how long an error counts after the last one.
LOOK_SECONDS = 5.0
# A file system of another machine may hang: so long a page waits for it, once.
PATIENCE_SECONDS = 0.5
REMEMBER_SECONDS = 300.0

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_POSTGRESQL_DISK_FULL = "53100"
_SQLITE_FULL = "database or disk is full"
# What SQLite says when the file beside its database cannot grow; other faults of a disk have the same words.
_SQLITE_FAILED = "disk I/O error"
_REDIS_DISK, _REDIS_MEMORY = "MISCONF", "OOM command not allowed"


class Store(StrEnum):
    """What is stored somewhere, as it is called in sentences."""

    DATABASE = "the database"
    BROKER = "the broker"
    MLFLOW = "MLflow"
    DATA = "the data directory"


@dataclass(frozen=True)
class Disk:
    """A file system: what Mantik stores there, and the bytes that its processes may still write."""

    stores: tuple[Store, ...]
    free: int
    total: int

    @property
    def is_full(self) -> bool:
        return self.free < FULL_BYTES

    @property
    def is_low(self) -> bool:
        least = max(settings.MANTIK_DISK_MIN_BYTES, self.total * settings.MANTIK_DISK_MIN_PERCENT // 100)
        return self.is_full or self.free < least

    @property
    def name(self) -> str:
        """ "The disk of the database and the data directory"."""
        *others, last = self.stores
        return f"The disk of {', '.join(others)} and {last}" if others else f"The disk of {last}"

    def __str__(self) -> str:
        left = f"{filesize(self.free)} of {filesize(self.total)} are left"
        if self.is_full:
            return f"{self.name} is full: {left}."
        return f"{self.name} is nearly full: {left}."


@dataclass(frozen=True)
class Shortage:
    """A sentence for operators. If `is_urgent`, something cannot be stored by now."""

    text: str
    is_urgent: bool

    def __str__(self) -> str:
        return self.text


# Looking


def folders() -> dict[Store, Path]:
    """Where this process could see that something is stored, by what it is."""
    data_dir = Path(settings.MANTIK_DATA_DIR)
    found = {Store.MLFLOW: data_dir / "mlflow", Store.DATA: data_dir}
    if own_broker_url(data_dir) == settings.CELERY_BROKER_URL:
        found = {Store.BROKER: data_dir / "broker"} | found
    return _of_database() | found


def _of_database() -> dict[Store, Path]:
    if connection.vendor != "sqlite":
        return {}
    return {Store.DATABASE: Path(str(connection.settings_dict["NAME"])).parent}


def disks(stored: Mapping[Store, Path]) -> list[Disk]:
    """The file systems of these folders, each once. What is not there, or cannot be looked at, is left out."""
    by_device: dict[int, Disk] = {}
    for store, folder in stored.items():
        try:
            device, space = folder.stat().st_dev, os.statvfs(folder)
        except OSError:
            continue
        stores = (*by_device[device].stores, store) if device in by_device else (store,)
        by_device[device] = Disk(stores, space.f_bavail * space.f_frsize, space.f_blocks * space.f_frsize)
    return list(by_device.values())


class Watch:
    """Remembers for a moment what there is, and for longer what has said that it has no room. Threads may share it."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: list[Disk] = []
        self._look_at = 0.0
        self._looking: threading.Thread | None = None
        # When it said so: by the clock, and for people.
        self._refusals: dict[Store, tuple[float, datetime, str]] = {}

    def disks(self) -> list[Disk]:
        """As they were a moment ago; for as long as one of them hangs, as they were before."""
        is_looking = self._looking is not None and self._looking.is_alive()
        if self._clock() >= self._look_at and not is_looking:
            self._look_at = self._clock() + LOOK_SECONDS
            self._looking = threading.Thread(target=self._look, args=(folders(),), name="disks", daemon=True)
            self._looking.start()
            self._looking.join(PATIENCE_SECONDS)
        return self._seen

    def _look(self, stored: Mapping[Store, Path]) -> None:
        self._seen = disks(stored)

    def notice(self, error: BaseException) -> Store | None:
        """Remember what had no room, if `error` says so, and return it."""
        if refusal := refusal_in(error):
            self._refusals[refusal.store] = (self._clock() + REMEMBER_SECONDS, timezone.now(), refusal.lack)
            # It may have become full since it was last looked at.
            self._look_at = 0.0
            return refusal.store
        return None

    def forget(self, store: Store) -> None:
        """It has stored something."""
        self._refusals.pop(store, None)

    def is_without_room(self, store: Store) -> bool:
        """Whether `store` would most likely refuse to store anything."""
        return store in dict(self._remembered()) or any(disk.is_full for disk in self.disks() if store in disk.stores)

    def shortages(self) -> list[Shortage]:
        """What operators have to know; nothing if there is room everywhere."""
        low = [disk for disk in self.disks() if disk.is_low]
        told = {store for disk in low if disk.is_full for store in disk.stores}
        remembered = [Shortage(said, is_urgent=True) for store, said in self._remembered() if store not in told]
        return [Shortage(str(disk), is_urgent=disk.is_full) for disk in low] + remembered

    def _remembered(self) -> Iterator[tuple[Store, str]]:
        for store, (until, moment, lack) in list(self._refusals.items()):
            if self._clock() < until:
                at = absolute_time(timezone.localtime(moment))
                yield store, f"{store[0].upper()}{store[1:]} had no {lack} left at {at}, and stored nothing."


watch = Watch()


# Errors


@dataclass(frozen=True)
class Refusal:
    """What stored nothing, and what it lacks: disk space or memory."""

    store: Store
    lack: str = "disk space"

    def __str__(self) -> str:
        return (
            f"There is no {self.lack} left for {self.store}. An operator has to make room; nothing was stored. "
            "Try again later."
        )


def refusal_in(error: BaseException) -> Refusal | None:
    """None if neither the error nor what led to it says that there was no room."""
    return next(filter(None, map(_refusal, _with_causes(error))), None)


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _refusal(error: BaseException) -> Refusal | None:
    text = str(error)
    if isinstance(error, ResponseError):
        return _refusal_of_broker(error, text)
    if isinstance(error, OSError):
        return Refusal(Store.DATA) if error.errno in _NO_ROOM else None
    if getattr(error, "sqlstate", None) == _POSTGRESQL_DISK_FULL or _SQLITE_FULL in text:
        return Refusal(Store.DATABASE)
    if _SQLITE_FAILED in text and any(disk.is_full for disk in disks(_of_database())):
        return Refusal(Store.DATABASE)
    return None


def _refusal_of_broker(error: ResponseError, text: str) -> Refusal | None:
    # Of a pipeline the message begins with the command that failed.
    if isinstance(error, OutOfMemoryError) or _REDIS_MEMORY in text:
        return Refusal(Store.BROKER, "memory")
    return Refusal(Store.BROKER) if _REDIS_DISK in text else None
