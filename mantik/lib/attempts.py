"""Limits how often somebody may try something, whichever process they ask.

Attempts are counted in the cache, which is in the database. Each takes a place of its own there, so that two at once
never count as one, and gives it back when it is old.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.core.cache import cache


@dataclass(frozen=True)
class Attempts:
    """At most `most` attempts `within` a time, for each of whom it is asked; `name` tells one limit from another."""

    name: str
    most: int
    within: timedelta

    def are_used_up(self, *whose: str) -> bool:
        return len(cache.get_many(list(self._places(whose)))) >= self.most

    def note(self, *whose: str) -> None:
        """Count one more. It is no matter if that is too many."""
        for place in self._places(whose):
            if cache.add(place, 1, timeout=self.within.total_seconds()):
                return

    def _places(self, whose: tuple[str, ...]) -> Iterator[str]:
        # Names and addresses are not to be read in the cache, and may hold what its keys may not.
        key = hashlib.sha256("\0".join(whose).encode("utf-8", "surrogatepass")).hexdigest()
        return (f"attempts:{self.name}:{key}:{number}" for number in range(self.most))
