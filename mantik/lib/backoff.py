"""The clock of whoever tries, and how long to wait before trying again."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

Clock = Callable[[], datetime]

# A pause is shortened by chance, at most to this part of it.
SHORTEST_PART = 0.8
# Of doublings; beyond, any pause is the longest.
_MOST = 60


def backoff(tries: int, *, first: timedelta, longest: timedelta) -> timedelta:
    """After so many `tries`, from 0: `first`, twice that, four times that, up to `longest`.

    A little less by chance: those who were disappointed in the same moment do not come back in one.
    """
    seconds = min(first.total_seconds() * 2.0 ** min(tries, _MOST), longest.total_seconds())
    return timedelta(seconds=seconds * random.uniform(SHORTEST_PART, 1.0))  # noqa: S311 - spreads load, keeps no secret
