"""Rows of metrics: how long it takes to take a million points in, and to read what a chart of them is drawn from."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from statistics import median

from django.db import transaction

from bench.ground import Ground
from bench.harness import Result
from bench.postgresql import on_postgresql
from runs.models import Run
from runs.tracking.summaries.buckets import Point
from runs.tracking.summaries.chart import charts
from runs.tracking.summaries.take_in import take_in
from tests.support import factories

_POINTS, _BATCH = 1_000_000, 1_000
_METRICS, _TURNS, _READINGS = 50, 100, 20
_BEGAN = 1_764_000_000_000
_ROOM = 400


def million(ground: Ground) -> Iterator[Result]:
    yield from measured(ground)
    yield from on_postgresql("bench.summaries:measured", ground)


def measured(_ground: Ground) -> Iterator[Result]:
    run = factories.make_run()
    began = time.perf_counter()
    for start in range(0, _POINTS, _BATCH):
        with transaction.atomic():
            take_in(run, [_point("loss", step) for step in range(start, start + _BATCH)])
    yield Result("summaries.take_in.1m", time.perf_counter() - began, "s")
    yield Result("summaries.chart.1m", median(_reading(run) for _ in range(_READINGS)), "ms")
    live = factories.make_run()
    yield Result("summaries.turn", median(_turn(live, turn) for turn in range(_TURNS)), "ms")


def _reading(run: Run) -> float:
    began = time.perf_counter()
    charts(run, ["loss"], most=_ROOM)
    return (time.perf_counter() - began) * 1000


def _turn(run: Run, turn: int) -> float:
    """Two seconds of a run that logs 50 metrics each second."""
    points = [_point(f"m{metric}", 2 * turn + second) for second in range(2) for metric in range(_METRICS)]
    began = time.perf_counter()
    with transaction.atomic():
        take_in(run, points)
    return (time.perf_counter() - began) * 1000


def _point(key: str, step: int) -> Point:
    return Point("", key, math.exp(-step / 9e5) + 0.1 * math.sin(step * 12.9898), _BEGAN + step * 100, step)
