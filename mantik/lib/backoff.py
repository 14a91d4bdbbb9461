"""How long to wait before trying again; and the type of a clock."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

Clock = Callable[[], datetime]

# A pause is shortened at random, at most to this part of it.
SHORTEST_PART = 0.8
# After this many doublings any pause is at its longest, and a float could overflow some day.
_MOST_DOUBLINGS = 60


def backoff(tries: int, *, first: timedelta, longest: timedelta) -> timedelta:
    """The pause after this number of `tries`, counted from 0: `first`, twice that, four times that, up to `longest`.

    It is a little shorter at random, so that tasks that failed at the same moment do not all try again at once.
    """
    seconds = min(first.total_seconds() * 2.0 ** min(tries, _MOST_DOUBLINGS), longest.total_seconds())
    return timedelta(seconds=seconds * random.uniform(SHORTEST_PART, 1.0))  # noqa: S311 - spreads load, keeps no secret
