"""What a chart is drawn from: the buckets of metrics, as many as it has room for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from runs.models import MetricBuckets, MetricSummary, Run
from runs.tracking.summaries.buckets import FIRST_STEP, LAST_STEP, Bucket
from runs.tracking.summaries.ladder import climb
from runs.tracking.summaries.packing import unpack


@dataclass(frozen=True)
class Chart:
    """A metric; and of the steps that were asked for, buckets in order, all of one width."""

    key: str
    summary: MetricSummary
    buckets: list[Bucket]


def charts(
    run: Run, keys: Collection[str], *, most: int, owner: str = "", steps: tuple[int, int] | None = None
) -> list[Chart]:
    """Those metrics of `run` that there are, or of its child run `owner`, by name. At most `most` buckets of each.

    `steps`: the first and last that are wanted. What is shown of them is as narrow as it is kept.
    """
    rows = MetricSummary.objects.filter(run=run, owner=owner, name__key__in=keys).select_related("name")
    summaries = {row.pk: row for row in rows.order_by("name__key")}
    found: dict[int, list[Bucket]] = {pk: [] for pk in summaries}
    # The tail comes after the rest.
    parts = MetricBuckets.objects.filter(metric__in=summaries.keys()).order_by("metric", "is_tail")
    for metric, content in parts.values_list("metric", "content"):
        found[metric] += unpack(content)
    return [Chart(row.name.key, row, _thinned(found[pk], row.level, most, steps)) for pk, row in summaries.items()]


def _thinned(buckets: list[Bucket], level: int, most: int, steps: tuple[int, int] | None) -> list[Bucket]:
    if steps is not None:
        first, last = steps
        buckets = [bucket for bucket in buckets if bucket[FIRST_STEP] <= last and bucket[LAST_STEP] >= first]
    return climb(buckets, level, most=most)[0]
