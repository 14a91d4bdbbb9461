"""Running benchmarks and printing what they found."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TextIO

from bench.ground import Ground

Measure = Callable[[Ground], Iterable["Result"]]


@dataclass(frozen=True)
class Result:
    """One number, and what it is compared with. Less is better, unless `more_is_better`."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    baseline_name: str | None = None
    more_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        """How many times better than the baseline; None without one, or where a zero leaves it undefined."""
        if self.baseline is None:
            return None
        better, worse = (self.value, self.baseline) if self.more_is_better else (self.baseline, self.value)
        return better / worse if worse else None

    def line(self) -> str:
        return json.dumps(
            {
                "name": self.name,
                "value": _rounded(self.value),
                "unit": self.unit,
                "baseline": _rounded(self.baseline),
                "baseline_name": self.baseline_name,
                "ratio": _rounded(self.ratio),
            }
        )


@dataclass(frozen=True)
class Benchmark:
    """`measure` is "module:function", imported when it is wanted; the function yields a Result for each name."""

    names: tuple[str, ...]
    measure: str

    def function(self) -> Measure:
        found: Measure = resolve_name(self.measure)
        return found


class Incomplete(Exception):
    """A benchmark ended without a number that it was to find."""


def chosen(benchmarks: Sequence[Benchmark], only: str) -> list[Benchmark]:
    """Those with a name that begins with `only`."""
    return [benchmark for benchmark in benchmarks if any(name.startswith(only) for name in benchmark.names)]


def results_only() -> TextIO:
    """Our stdout, for results alone from now on: whatever else is printed, also by children, goes to stderr."""
    sys.stdout.flush()
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return results


def run(benchmarks: Sequence[Benchmark], *, ground: Ground, only: str, results: TextIO) -> int:
    """Exit code: 0 if every benchmark came to its end. One that breaks does not keep the others from running."""
    broken = []
    for benchmark in chosen(benchmarks, only):
        with _timed(benchmark, ground.remarks):
            try:
                _run_one(benchmark, ground, only, results)
            except Exception:  # noqa: BLE001 - whatever it is, the others go on, and the exit code tells
                broken.append(benchmark)
                traceback.print_exc(file=ground.remarks)
    for benchmark in broken:
        ground.remarks.write(f"Broken: {', '.join(benchmark.names)}\n")
    return 1 if broken else 0


def _run_one(benchmark: Benchmark, ground: Ground, only: str, results: TextIO) -> None:
    missing = set(benchmark.names)
    for result in benchmark.function()(ground):
        missing.remove(result.name)
        if result.name.startswith(only):
            results.write(f"{result.line()}\n")
            results.flush()
    if missing:
        raise Incomplete(", ".join(sorted(missing)))


@contextmanager
def _timed(benchmark: Benchmark, remarks: TextIO) -> Iterator[None]:
    begin = time.monotonic()
    remarks.write(f"{', '.join(benchmark.names)} ...\n")
    remarks.flush()
    yield
    remarks.write(f"    took {time.monotonic() - begin:.0f} s\n")
    remarks.flush()


def _rounded(value: float | None) -> float | None:
    """To four digits that mean something; more would only pretend."""
    return None if value is None else float(f"{value:.4g}")
