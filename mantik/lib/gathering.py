"""What many requests have to store, gathered for a moment and stored together: each alone would be a transaction.

The web server starts and stops the thread that stores (mantik/server/front.py). Without one, under another web server
and in tests, what is given is stored at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog
from django.db import close_old_connections, connection

from mantik.lib.database_loss import DATABASE_AWAY

log = structlog.get_logger(__name__)

# What came in so many seconds is stored together; or in longer, so that storing takes a tenth of the time at most, as
# the same processor answers requests.
PAUSE_SECONDS = 0.5
_PAUSE_PER_STORING = 9
# So many are kept while the database is away; whatever comes then is not.
MOST = 20_000

T = TypeVar("T")


class Gathering(Generic[T]):
    """`store` gets what was given, in its order. It may be called twice with the same after an error of the database.

    What is given may be lost: by a process that is killed, or if the database is away for long.
    """

    def __init__(self, store: Callable[[list[T]], None]) -> None:
        self._store = store
        self._items: list[T] = []
        # Since they were last stored, for want of room.
        self._passed_over = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_over = threading.Event()

    def offer(self, item: T) -> bool:
        """Takes it, without waiting; False if nobody stores what is gathered: then `store` has to be called."""
        if self._thread is None:
            return False
        with self._changed:
            if len(self._items) < MOST:
                self._items.append(item)
                self._changed.notify()
            else:
                self._passed_over += 1
        return True

    def start(self) -> None:
        self._is_over.clear()
        self._thread = threading.Thread(target=self._work, name="gathering", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stores what is left."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._is_over.set()
        with self._changed:
            self._changed.notify()
        thread.join()

    def _work(self) -> None:
        pause = PAUSE_SECONDS
        while not self._is_over.is_set():
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._is_over.is_set())
            self._is_over.wait(pause)
            began = time.monotonic()
            self._store_all()
            pause = max(PAUSE_SECONDS, _PAUSE_PER_STORING * (time.monotonic() - began))
        # What came in while the last were being stored.
        self._store_all()
        connection.close()

    def _store_all(self) -> None:
        with self._changed:
            items, self._items = self._items, []
            passed_over, self._passed_over = self._passed_over, 0
        if passed_over:
            log.warning("gathered_passed_over", count=passed_over, most=MOST)
        if not items:
            return
        close_old_connections()
        try:
            self._store(items)
        except DATABASE_AWAY:
            log.warning("gathered_not_stored_yet", count=len(items))
            with self._changed:
                kept = [*items, *self._items]
                self._items, self._passed_over = kept[:MOST], self._passed_over + len(kept[MOST:])
        except Exception:
            # Our own defect. Others' items are not to wait for it.
            log.exception("gathered_not_stored", count=len(items))
