"""What the rows of a metric have to say, worked out from all of its points at once, in the plainest way."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from runs.models import MetricBuckets, MetricSummary, Run
from runs.tracking.summaries.buckets import Bucket, Point
from runs.tracking.summaries.ladder import place_of
from runs.tracking.summaries.packing import unpack

COLUMNS = (
    *("first_step", "first_time", "first", "last_step", "last_time", "last", "least", "least_step"),
    *("most", "most_step", "count", "nans", "infinities", "minus_infinities"),
)


def summary_of(points: Sequence[Point]) -> dict[str, Any]:
    """None stands for NaN, and for what there is not."""
    ordered = sorted(points, key=_order)
    first, last = ordered[0], ordered[-1]
    finite = [point for point in points if math.isfinite(point.value)]
    least = min(finite, key=lambda point: (point.value, point.step), default=None)
    most = min(finite, key=lambda point: (-point.value, point.step), default=None)
    return {
        "first_step": first.step,
        "first_time": first.timestamp,
        "first": _plain(first.value),
        "last_step": last.step,
        "last_time": last.timestamp,
        "last": _plain(last.value),
        "least": least and least.value,
        "least_step": least and least.step,
        "most": most and most.value,
        "most_step": most and most.step,
        "count": len(points),
        "nans": sum(math.isnan(point.value) for point in points),
        "infinities": sum(point.value == math.inf for point in points),
        "minus_infinities": sum(point.value == -math.inf for point in points),
    }


def ladder_of(points: Sequence[Point], *, most: int) -> tuple[int, list[dict[str, Any]]]:
    """The lowest level that has at most so many buckets, and these."""
    for level in range(129):
        found = defaultdict(list)
        for point in points:
            found[place_of(point.step, point.timestamp, level)].append(point)
        if len(found) <= most:
            return level, [summary_of(found[place]) for place in sorted(found)]
    raise AssertionError


def stored_summary(run: Run, owner: str, key: str) -> dict[str, Any]:
    row = _row(run, owner, key)
    return {name: getattr(row, name) for name in COLUMNS}


def stored_ladder(run: Run, owner: str, key: str) -> tuple[int, list[dict[str, Any]]]:
    row = _row(run, owner, key)
    parts = MetricBuckets.objects.filter(metric=row).order_by("is_tail").values_list("content", flat=True)
    found = [bucket for part in parts for bucket in unpack(part)]
    assert len(found) == row.buckets
    return row.level, [named(bucket) for bucket in found]


def named(bucket: Bucket) -> dict[str, Any]:
    found: dict[str, Any] = {name: _plain(value) for name, value in zip(COLUMNS, bucket, strict=True)}
    for name in ("least", "most"):
        if found[name] is None:
            found[f"{name}_step"] = None
    return found


def _row(run: Run, owner: str, key: str) -> MetricSummary:
    return MetricSummary.objects.get(run=run, owner=owner, name__key=key, name__experiment=run.experiment)


def _order(point: Point) -> tuple[float, ...]:
    is_nan = math.isnan(point.value)
    return point.step, point.timestamp, 0.0 if is_nan else point.value, is_nan


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value
