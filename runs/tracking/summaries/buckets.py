"""Buckets: what is kept of points of a metric that stand next to each other. A point is a bucket of one.

Joining two buckets tells the same as all of their points would, in whichever order they came: first and last in
MLflow's order (step, time, value), the least and most finite value with the lowest step that has it, and how many
points there are, how many of them NaN and infinite. Twice the same point changes nothing but these counts.

A bucket is a list, because a million of them are made in a second: its fields have the numbers below.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

Bucket: TypeAlias = list[float]

FIRST_STEP, FIRST_TIME, FIRST, LAST_STEP, LAST_TIME, LAST = range(6)
# NaN and 0 without a finite value.
LEAST, LEAST_STEP, MOST, MOST_STEP = range(6, 10)
# After the number of points come those of NaN, of infinities and of negative ones.
COUNT, FIELDS = 10, 14


class Point(NamedTuple):
    """A value that a run logged, or the child run `owner` below it. `timestamp`: milliseconds since 1970."""

    owner: str
    key: str
    value: float
    timestamp: int
    step: int


def bucket_of(step: int, time: int, value: float) -> Bucket:
    if math.isfinite(value):
        return [step, time, value, step, time, value, value, step, value, step, 1, 0, 0, 0]
    is_nan, is_above, is_below = value != value, value == math.inf, value == -math.inf
    nothing = [math.nan, 0, math.nan, 0]
    return [step, time, value, step, time, value, *nothing, 1, int(is_nan), int(is_above), int(is_below)]


def join(into: Bucket, other: Bucket) -> None:
    """Add what `other` stands for to `into`."""
    if _first(other) < _first(into):
        into[FIRST_STEP : FIRST + 1] = other[FIRST_STEP : FIRST + 1]
    if _last(other) > _last(into):
        into[LAST_STEP : LAST + 1] = other[LAST_STEP : LAST + 1]
    if other[LEAST] == other[LEAST]:
        has_none = into[LEAST] != into[LEAST]
        if has_none or (other[LEAST], other[LEAST_STEP]) < (into[LEAST], into[LEAST_STEP]):
            into[LEAST : LEAST_STEP + 1] = other[LEAST : LEAST_STEP + 1]
        if has_none or (-other[MOST], other[MOST_STEP]) < (-into[MOST], into[MOST_STEP]):
            into[MOST : MOST_STEP + 1] = other[MOST : MOST_STEP + 1]
    for place in range(COUNT, FIELDS):
        into[place] += other[place]


def joined(buckets: Iterable[Bucket]) -> Bucket:
    """All of them as one; there has to be one."""
    rest = iter(buckets)
    whole = list(next(rest))
    for bucket in rest:
        join(whole, bucket)
    return whole


def _first(bucket: Bucket) -> tuple[float, ...]:
    return bucket[FIRST_STEP], bucket[FIRST_TIME], *rank(bucket[FIRST])


def _last(bucket: Bucket) -> tuple[float, ...]:
    return bucket[LAST_STEP], bucket[LAST_TIME], *rank(bucket[LAST])


def rank(value: float) -> tuple[float, bool]:
    """Its place among values of the same step and time. To MLflow, NaN is 0 there."""
    return (0.0, True) if value != value else (value, False)
