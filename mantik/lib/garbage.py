"""Pauses Python's garbage collector."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collected_later() -> Iterator[None]:
    """For short work that makes thousands of objects, which are freed without the collector when it is done.

    Otherwise their number makes Python search all objects for cycles, again and again.
    """
    _pause.begin()
    try:
        yield
    finally:
        _pause.end()


class _Pause:
    """Of all threads together: it is over when the last of them has ended it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._was_enabled = False

    def begin(self) -> None:
        with self._lock:
            if not self._inside:
                self._was_enabled = gc.isenabled()
                gc.disable()
            self._inside += 1

    def end(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside and self._was_enabled:
                gc.enable()


_pause = _Pause()
