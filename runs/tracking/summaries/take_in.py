"""Takes in what a run has logged. Called in the transaction that makes sure that it happens once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from runs.models import LoggedName, MetricBuckets, MetricSummary, Run
from runs.tracking.summaries.buckets import Point
from runs.tracking.summaries.hold import hold
from runs.tracking.summaries.metric import COLUMNS, BarePoint, Metric, new_summary
from runs.tracking.summaries.names import ids_of_names

# Points, and metrics, whose rows are in memory at a time.
_MOST_POINTS, _MOST_METRICS = 20_000, 50
_KEY = ("run", "owner", "name")

T = TypeVar("T")
# A metric of a run: its owner, and the primary key of its name.
_Of = tuple[str, int]


def take_in(run: Run, points: Iterable[Point]) -> None:
    """Add points to the summaries and ladders of `run`, and of the child runs that are their owners.

    In a transaction, which then holds the rows of the run. A point that is given twice is counted twice, and changes
    nothing else.
    """
    rest = iter(points)
    while chunk := list(islice(rest, _MOST_POINTS)):
        _take_in(run, chunk)


def _take_in(run: Run, points: Sequence[Point]) -> None:
    version = hold(run)
    names = ids_of_names(run, LoggedName.Kind.METRIC, {point.key for point in points})
    logged: dict[_Of, list[BarePoint]] = defaultdict(list)
    for point in points:
        logged[point.owner, names[point.key]].append((point.step, point.timestamp, point.value))
    for group in _groups(list(logged), _MOST_METRICS):
        metrics = _read(run, group)
        for of, metric in metrics.items():
            metric.take(logged[of])
        _store(list(metrics.values()), version)


def _read(run: Run, group: Sequence[_Of]) -> dict[_Of, Metric]:
    owners, names = {owner for owner, _ in group}, {name for _, name in group}
    rows = MetricSummary.objects.filter(run=run, owner__in=owners, name__in=names)
    known = {(row.owner, row.name_id): row for row in rows}
    tails = _parts([known[of] for of in group if of in known], is_tail=True)
    found = {}
    for of in group:
        row = known.get(of) or new_summary(run.pk, *of)
        found[of] = Metric(row, tails.get(row.pk))
    return found


def _store(metrics: Sequence[Metric], version: int) -> None:
    bodies = _parts([metric.row for metric in metrics if metric.needs_body], is_tail=False)
    changed = []
    for metric in metrics:
        changed.append((metric.row, metric.settle(bodies.get(metric.row.pk))))
        metric.row.version = version
    store_metrics(changed)


def store_metrics(changed: Sequence[tuple[MetricSummary, Mapping[bool, bytes]]]) -> None:
    """Store summaries, some of them new, and the parts of their ladders, by `is_tail`."""
    rows = [row for row, _ in changed]
    # One statement for new rows and old ones. The rows of the run are held, so that none has changed meanwhile.
    MetricSummary.objects.bulk_create(rows, update_conflicts=True, unique_fields=_KEY, update_fields=COLUMNS)
    parts = [
        MetricBuckets(metric=row, is_tail=is_tail, content=content)
        for row, changed_parts in changed
        for is_tail, content in changed_parts.items()
    ]
    MetricBuckets.objects.bulk_create(
        parts, update_conflicts=True, unique_fields=["metric", "is_tail"], update_fields=["content"]
    )


def _parts(rows: Sequence[MetricSummary], *, is_tail: bool) -> dict[int, bytes]:
    """By the primary key of the metric."""
    if not rows:
        return {}
    found = MetricBuckets.objects.filter(metric__in=[row.pk for row in rows], is_tail=is_tail)
    return {metric: bytes(content) for metric, content in found.values_list("metric", "content")}


def _groups(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
