"""Waiting for what another process or thread does."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest


def wait_until(is_so: Callable[[], bool], *, seconds: float = 30) -> None:
    """Fails the test if it is not so by then."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            pytest.fail(f"It was not so within {seconds:.0f} seconds.")
        time.sleep(0.02)
