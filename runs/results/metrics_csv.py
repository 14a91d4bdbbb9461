"""Metrics of a run as CSV: all that is kept of them, a line for each bucket. A point is a bucket of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from mantik.lib.spreadsheets import csv_lines
from runs.models import MetricSummary, Run
from runs.tracking.summaries import buckets
from runs.tracking.summaries.chart import charts
from runs.tracking.summaries.ladder import MOST

COLUMNS = (
    *("metric", "points", "first_step", "first_time", "first", "last_step", "last_time", "last"),
    *("least", "least_step", "most", "most_step", "nan", "infinite", "minus_infinite"),
)
# Metrics that are in memory at a time.
_BATCH = 20


def metrics_csv(run: Run, keys: Sequence[str] = ()) -> Iterator[str]:
    """Of those metrics that there are; without `keys`, of all."""
    return csv_lines(COLUMNS, _rows(run, keys))


def _rows(run: Run, keys: Sequence[str]) -> Iterator[list[object]]:
    wanted = list(keys) or list(
        MetricSummary.objects.filter(run=run, owner="").order_by("name__key").values_list("name__key", flat=True)
    )
    for start in range(0, len(wanted), _BATCH):
        for chart in charts(run, wanted[start : start + _BATCH], most=MOST):
            for bucket in chart.buckets:
                yield _row(chart.key, bucket)


def _row(key: str, bucket: buckets.Bucket) -> list[object]:
    has_finite = bucket[buckets.LEAST] == bucket[buckets.LEAST]
    ends = (buckets.LEAST, buckets.LEAST_STEP, buckets.MOST, buckets.MOST_STEP)
    return [
        key,
        bucket[buckets.COUNT],
        bucket[buckets.FIRST_STEP],
        _time(bucket[buckets.FIRST_TIME]),
        bucket[buckets.FIRST],
        bucket[buckets.LAST_STEP],
        _time(bucket[buckets.LAST_TIME]),
        bucket[buckets.LAST],
        *(bucket[place] if has_finite else None for place in ends),
        *bucket[buckets.COUNT + 1 :],
    ]


def _time(milliseconds: float) -> object:
    """A program may log any time: one that no calendar has is left as it is."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return milliseconds
