"""The metrics of a run as the charts of its page draw them: from our own rows, however MLflow is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isfinite
from typing import Any

from runs.models import MetricSummary, Run, RunSummaries
from runs.tracking.summaries.buckets import (
    COUNT,
    FIRST,
    FIRST_STEP,
    LAST,
    LAST_STEP,
    LEAST,
    LEAST_STEP,
    MOST,
    MOST_STEP,
    Bucket,
)
from runs.tracking.summaries.chart import charts

# How many metrics a page gets unless it asks for more, and how many it may ask for.
USUAL_METRICS, MOST_METRICS = 24, 1000
# Of one metric. A bucket of several points takes two points of a line: its least and its most.
_BUCKETS = 400
READING = "Mantik is still reading from MLflow what this run logged earlier. It appears here when that is done."
_Points = list[list[float | None]]


def read_metrics(run: Run, *, shown: int = USUAL_METRICS) -> dict[str, Any]:
    """{"metrics": [{"key", "last", "points": [[step, value]]}], "more", "complete", "problem", "version"}.

    The first `shown` metrics by name; `more`: how many others there are. A value that is not finite is None.
    `complete`: nothing will change any more, so the page stops asking. `problem`: why something is missing.
    """
    answer = metrics_now(run)
    keys = sorted(MetricSummary.objects.filter(run=run, owner="").values_list("name__key", flat=True))
    found = charts(run, keys[:shown], most=_BUCKETS)
    metrics = [
        {"key": chart.key, "last": _finite(chart.summary.last), "points": points_of(chart.buckets)} for chart in found
    ]
    metrics.sort(key=lambda metric: str(metric["key"]))
    return answer | {"metrics": metrics, "more": len(keys) - len(metrics)}


def metrics_now(run: Run) -> dict[str, Any]:
    """What of it can be told without reading a metric. `version` changes with anything that is read."""
    rows = RunSummaries.objects.filter(run=run).first()
    is_partial = rows is not None and rows.is_partial
    return {
        "complete": run.is_terminal and run.tracking_closed and not is_partial,
        "problem": READING if is_partial else None,
        "version": rows.version if rows else 0,
    }


def points_of(buckets: Iterable[Bucket]) -> _Points:
    """[step, value] along a line that goes through the least and the most of each bucket, and ends where they do."""
    found: _Points = []
    last: Bucket | None = None
    for last in buckets:
        found += _points(last)
    if last is not None and found[-1][0] != last[LAST_STEP]:
        found.append([last[LAST_STEP], _finite(last[LAST])])
    return found


def _points(bucket: Bucket) -> Iterator[list[float | None]]:
    if bucket[COUNT] == 1 or not isfinite(bucket[LEAST]):
        yield [bucket[FIRST_STEP], _finite(bucket[FIRST])]
        return
    ends = sorted([(bucket[LEAST_STEP], bucket[LEAST]), (bucket[MOST_STEP], bucket[MOST])], key=lambda end: end[0])
    for step, value in dict.fromkeys(ends):
        yield [step, value]


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
