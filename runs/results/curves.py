"""What the lines of charts are drawn from: points of metrics, of all steps or of a range of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from math import isfinite
from typing import Any

from runs.models import Run
from runs.tracking.summaries.buckets import (
    COUNT,
    FIELDS,
    FIRST,
    FIRST_STEP,
    FIRST_TIME,
    LAST,
    LAST_STEP,
    LAST_TIME,
    LEAST,
    LEAST_STEP,
    MOST,
    MOST_STEP,
    Bucket,
)
from runs.tracking.summaries.chart import charts
from runs.tracking.summaries.ladder import MOST as MOST_KEPT

# Of a line, unless the page says for how many it has room. A bucket of several points takes two points of a line.
USUAL_ROOM, LEAST_ROOM, MOST_ROOM = 400, 20, MOST_KEPT
Steps = tuple[int, int]
# Step, time and value; None is a gap.
_Point = tuple[int, int, float | None]


def curves(runs: Sequence[Run], keys: Sequence[str], *, steps: Steps | None = None, room: int = USUAL_ROOM) -> Any:
    """{"metrics": [{"key", "lines": {place: {"steps", "times", "values", "marks"}}}]}, of those that there are.

    A line goes through the least and the most of each bucket, so no spike is lost, however few buckets there are.
    "marks": where values are not finite, [first step, last step, first time, last time, NaN, infinite, minus infinite].
    """
    found: dict[str, dict[int, Any]] = defaultdict(dict)
    for place, run in enumerate(runs):
        for chart in charts(run, keys, most=room, steps=steps):
            found[chart.key][place] = line_of(chart.buckets)
    return {"metrics": [{"key": key, "lines": found[key]} for key in keys if key in found]}


def line_of(buckets: Sequence[Bucket]) -> dict[str, Any]:
    points = list(_points(buckets))
    return {
        "steps": [step for step, _, _ in points],
        "times": [time for _, time, _ in points],
        "values": [value for _, _, value in points],
        "marks": [_mark(bucket) for bucket in buckets if any(bucket[COUNT + 1 : FIELDS])],
    }


def _points(buckets: Iterable[Bucket]) -> Iterator[_Point]:
    """They end where the buckets do."""
    step, last = None, None
    for last in buckets:
        for step, time, value in _points_in(last):
            yield step, time, value
    if last is not None and step != last[LAST_STEP]:
        yield int(last[LAST_STEP]), int(last[LAST_TIME]), _finite(last[LAST])


def _points_in(bucket: Bucket) -> Iterator[_Point]:
    if bucket[COUNT] == 1 or not isfinite(bucket[LEAST]):
        yield int(bucket[FIRST_STEP]), int(bucket[FIRST_TIME]), _finite(bucket[FIRST])
        return
    ends = sorted([(bucket[LEAST_STEP], bucket[LEAST]), (bucket[MOST_STEP], bucket[MOST])], key=lambda end: end[0])
    for step, value in dict.fromkeys(ends):
        yield int(step), _time_at(bucket, step), value


def _time_at(bucket: Bucket, step: float) -> int:
    """About when the step was: a bucket knows the times of its first and last point only."""
    steps = bucket[LAST_STEP] - bucket[FIRST_STEP]
    share = (step - bucket[FIRST_STEP]) / steps if steps else 0
    return int(bucket[FIRST_TIME] + share * (bucket[LAST_TIME] - bucket[FIRST_TIME]))


def _mark(bucket: Bucket) -> list[int]:
    where = (FIRST_STEP, LAST_STEP, FIRST_TIME, LAST_TIME)
    return [int(bucket[place]) for place in (*where, *range(COUNT + 1, FIELDS))]


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
