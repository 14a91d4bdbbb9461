"""A metric whose rows are being changed: its summary, and the two parts of its ladder."""

from __future__ import annotations

import math
from collections.abc import Iterable

from runs.tracking.summaries import buckets, ladder
from runs.tracking.summaries.buckets import Bucket, bucket_of, join, joined
from runs.tracking.summaries.ladder import place, place_of
from runs.tracking.summaries.models import MetricSummary
from runs.tracking.summaries.packing import pack, unpack

# How many of the newest buckets stand in the tail, after it had more than the second number: so a point that comes has
# two kilobytes written again, and now and then all the others.
_TAIL, _LONGEST_TAIL = 64, 128
# What a point has besides its metric: step, time and value.
BarePoint = tuple[int, int, float]
_COLUMNS = (
    *("first_step", "first_time", "first", "last_step", "last_time", "last", "least", "least_step"),
    *("most", "most_step", "count", "nans", "infinities", "minus_infinities"),
)
_VALUES = {buckets.FIRST, buckets.LAST, buckets.LEAST, buckets.MOST}
_STEPS = {"least_step": buckets.LEAST, "most_step": buckets.MOST}


class Metric:
    """`row` is its summary, which may be new; `tail` the newest part of its ladder as it is stored.

    First all points are given to `take`; then `settle` returns what is to be stored. It is given the other part of the
    ladder, the body, if the metric `needs_body`.
    """

    def __init__(self, row: MetricSummary, tail: bytes | None = None) -> None:
        self.row = row
        self._tail = _placed(unpack(tail), row.level) if tail else {}
        self._in_body = row.buckets - len(self._tail)
        self._fresh: dict[int, Bucket] = {}

    def take(self, points: Iterable[BarePoint]) -> None:
        level, fresh = self.row.level, self._fresh
        for step, time, value in points:
            bucket, at = bucket_of(step, time, value), place_of(step, time, level)
            if there := fresh.get(at):
                join(there, bucket)
            else:
                fresh[at] = bucket

    @property
    def needs_body(self) -> bool:
        """Whether there is something to be done about what stands before the tail."""
        if not self._in_body:
            return False
        in_tail = len(self._tail.keys() | self._fresh.keys())
        is_older = min(self._fresh) < min(self._tail)
        return is_older or in_tail > _LONGEST_TAIL or self._in_body + in_tail > ladder.MOST

    def settle(self, body: bytes | None = None) -> dict[bool, bytes]:
        """The parts of its ladder that have changed, by `is_tail`; `row` is as it is to be stored."""
        whole = joined(self._fresh.values())
        if self.row.count:
            join(whole, _read(self.row))
        _write(self.row, whole)
        if self._in_body and body is None:
            found = _in_order(self._tail, self._fresh)
            self.row.buckets = self._in_body + len(found)
            return {True: pack(found)}
        there = _placed(unpack(body), self.row.level) if body else {}
        found = _in_order({**there, **self._tail}, self._fresh)
        found, self.row.level = ladder.climb(found, self.row.level, most=ladder.MOST)
        self.row.buckets = len(found)
        if body is None and len(found) <= _LONGEST_TAIL:
            return {True: pack(found)}
        return {False: pack(found[:-_TAIL]), True: pack(found[-_TAIL:])}


def _placed(found: list[Bucket], level: int) -> dict[int, Bucket]:
    return {place(bucket, level): bucket for bucket in found}


def _in_order(there: dict[int, Bucket], fresh: dict[int, Bucket]) -> list[Bucket]:
    for at, bucket in fresh.items():
        if known := there.get(at):
            join(known, bucket)
        else:
            there[at] = bucket
    return [there[at] for at in sorted(there)]


def _read(row: MetricSummary) -> Bucket:
    """The bucket of all points that `row` is about."""
    found = [getattr(row, name) for name in _COLUMNS]
    for place_of_value in _VALUES:
        if found[place_of_value] is None:
            found[place_of_value] = math.nan
    for place_of_step in (buckets.LEAST_STEP, buckets.MOST_STEP):
        found[place_of_step] = found[place_of_step] or 0
    return found


def _write(row: MetricSummary, whole: Bucket) -> None:
    for place_in_bucket, name in enumerate(_COLUMNS):
        value = whole[place_in_bucket]
        is_missing = math.isnan(whole[_STEPS.get(name, place_in_bucket)])
        setattr(row, name, None if is_missing else value)


def new_summary(run_id: int, owner: str, name_id: int) -> MetricSummary:
    """Of a metric that has no points yet."""
    return MetricSummary(run_id=run_id, owner=owner, name_id=name_id, count=0, level=0, buckets=0)


COLUMNS = (*_COLUMNS, "level", "buckets", "version")
