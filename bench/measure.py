"""Taking numbers on a machine that does other things as well."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median


def interleaved(contestants: Mapping[str, Callable[[], float]], *, rounds: int) -> dict[str, float]:
    """The median of each contestant's number. They take turns, so that a slow minute hits all of them."""
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, take in contestants.items():
            taken[name].append(take())
    return {name: median(numbers) for name, numbers in taken.items()}


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
