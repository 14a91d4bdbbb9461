"""Packages that others use if they are there, kept from them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden(*names: str) -> Iterator[None]:
    """While inside, these packages cannot be imported, as if they were not installed; one that is loaded stays."""
    absent = [name for name in names if name not in sys.modules]
    # Python's own way to say that a module cannot be imported.
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
