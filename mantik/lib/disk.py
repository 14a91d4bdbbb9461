"""Disk space: how much is left where Mantik writes, and which errors say that there is none.

Each process looks at the file systems that it can see: those of an SQLite database, of the broker and the MLflow that
`manage.py up` starts, and of the data directory. Servers elsewhere (PostgreSQL, another broker) do not say how much
room they have. If they have none, their errors say so, and are remembered for a while.
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

from mantik.lib.causes import with_causes
from mantik.lib.humanize import absolute_time, filesize
from mantik.lib.service_urls import own_broker_url

# A file system with less than this counts as full: a transaction may or may not find room.
FULL_BYTES = 1_000_000
# How long a look at free space is valid.
LOOK_SECONDS = 5.0
# How long a page waits for a file system of another machine that hangs, once.
PATIENCE_SECONDS = 0.5
# How long an error counts as a sign that a store has no room.
REMEMBER_SECONDS = 300.0

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_POSTGRESQL_DISK_FULL = "53100"
_SQLITE_FULL = "database or disk is full"
# SQLite's message if its journal, a file next to the database, cannot grow; other faults of a disk have the same one.
_SQLITE_FAILED = "disk I/O error"
_REDIS_DISK, _REDIS_MEMORY = "MISCONF", "OOM command not allowed"


class Store(StrEnum):
    """The things that store something, by the names that they have in sentences."""

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
    """A sentence for operators. `is_urgent`: something can no longer be stored."""

    text: str
    is_urgent: bool

    def __str__(self) -> str:
        return self.text


# Looking


def folders() -> dict[Store, Path]:
    """The folders that this process might be able to see, by what is stored in them."""
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
    """The file systems of these folders, each once. A folder that is missing or cannot be read is left out."""
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
    """Remembers free space for a moment, and errors for want of room for longer. Threads may share it."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._disks: list[Disk] = []
        self._look_at = 0.0
        self._looking: threading.Thread | None = None
        # By store: until when its error counts, when that happened, and what was lacking.
        self._refusals: dict[Store, tuple[float, datetime, str]] = {}

    def disks(self) -> list[Disk]:
        """The file systems as they were a moment ago, or, while one of them hangs, when all of them last answered."""
        is_looking = self._looking is not None and self._looking.is_alive()
        if self._clock() >= self._look_at and not is_looking:
            self._look_at = self._clock() + LOOK_SECONDS
            self._looking = threading.Thread(target=self._look, args=(folders(),), name="disks", daemon=True)
            self._looking.start()
            self._looking.join(PATIENCE_SECONDS)
        return self._disks

    def _look(self, stored: Mapping[Store, Path]) -> None:
        self._disks = disks(stored)

    def notice(self, error: BaseException) -> Store | None:
        """If `error` says that a store had no room, remember and return that store."""
        if refusal := refusal_in(error):
            self._refusals[refusal.store] = (self._clock() + REMEMBER_SECONDS, timezone.now(), refusal.lack)
            # A disk may have become full since the last look.
            self._look_at = 0.0
            return refusal.store
        return None

    def forget(self, store: Store) -> None:
        """Forget the errors of `store`, which has stored something."""
        self._refusals.pop(store, None)

    def is_without_room(self, store: Store) -> bool:
        """Whether `store` would most likely refuse to store anything."""
        return store in dict(self._remembered()) or any(disk.is_full for disk in self.disks() if store in disk.stores)

    def shortages(self) -> list[Shortage]:
        """What operators have to know; empty if there is room everywhere."""
        low = [disk for disk in self.disks() if disk.is_low]
        on_full_disks = {store for disk in low if disk.is_full for store in disk.stores}
        remembered = [
            Shortage(sentence, is_urgent=True) for store, sentence in self._remembered() if store not in on_full_disks
        ]
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
    """A store that stored nothing, and what it lacks: disk space or memory."""

    store: Store
    lack: str = "disk space"

    def __str__(self) -> str:
        return (
            f"There is no {self.lack} left for {self.store}. Nothing was stored. Ask an operator to make room, then "
            "try again."
        )


def refusal_in(error: BaseException) -> Refusal | None:
    """Which store had no room, as the error or its causes say; None if they do not say so."""
    return next(filter(None, map(_refusal, with_causes(error))), None)


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
    # The message of a pipeline begins with the command that failed.
    if isinstance(error, OutOfMemoryError) or _REDIS_MEMORY in text:
        return Refusal(Store.BROKER, "memory")
    return Refusal(Store.BROKER) if _REDIS_DISK in text else None
