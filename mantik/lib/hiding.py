"""Hides installed packages from code that would import them if it could."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden(*names: str) -> Iterator[None]:
    """For `with`: these packages cannot be imported inside, unless they are loaded already."""
    absent = [name for name in names if name not in sys.modules]
    # Python's own way to say that a module cannot be imported.
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
