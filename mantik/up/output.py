"""Writes the output of all children to one terminal, each line with the name of its process."""

from __future__ import annotations

import os
import sys
import threading
from typing import TextIO

_COLOURS = (36, 33, 32, 35, 34, 31)
_WIDTH = 8


class Terminal:
    """Writes whole lines; safe to call from several threads. Uses colours only on a terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._lock = threading.Lock()
        self._colours: dict[str, int] = {}
        self._in_colour = self._stream.isatty() and "NO_COLOR" not in os.environ

    def __call__(self, name: str, line: str) -> None:
        with self._lock:
            try:
                self._stream.write(f"{self._prefix(name)} {line}\n")
                self._stream.flush()
            except (BrokenPipeError, ValueError):
                # The reader is gone; the children keep running.
                pass

    def _prefix(self, name: str) -> str:
        label = f"{name:<{_WIDTH}} |"
        if not self._in_colour:
            return label
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        return f"\x1b[{colour}m{label}\x1b[0m"


def silent(_name: str, _line: str) -> None:
    """Write nothing: for tests and benchmarks. The last lines of a child that dies are kept nevertheless."""
