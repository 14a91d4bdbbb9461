"""Pauses Python's garbage collector."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def garbage_collected_later() -> Iterator[None]:
    """For `with`: pause the collector during short work that makes thousands of objects.

    Their number would make Python search all objects for cycles again and again. They are freed without it.
    """
    _pause.begin()
    try:
        yield
    finally:
        _pause.end()


class _Pause:
    """A pause that all threads share. It ends when the last of them has ended it."""

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
