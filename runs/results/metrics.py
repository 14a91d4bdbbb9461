"""The metrics of a run, or of several side by side, as pages list them: from our own rows, however MLflow is.

Runs are told apart by their place in the list that is given: an answer has "lines" by that place.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import inf, isfinite
from typing import Any

from django.db.models import Min, Q, QuerySet

from runs.models import MetricSummary, Run, RunSummaries
from runs.results.metric_order import leading, rank_of

# Of so many metrics one answer tells; who asks goes on after the last one.
PORTION = 2000
READING = "Mantik is still reading from MLflow what was logged earlier. It appears here when that is done."
Number = float | str
_VERSION = re.compile(r"([0-9]{1,18})(p?)")


def metric_list(runs: Sequence[Run], *, known: str = "", after: str = "", lead: int = 0) -> dict[str, Any]:
    """{"metrics": [{"key", "rank", "lines": {place: ...}}], "more", "starts", "complete", "problem", "version"}.

    `known`: the version of an answer that is there; only metrics that have changed since then are listed. `after`: only
    those whose names come after it; "more" says whether there are others after the last of this answer. `lead`: only
    the most important so many. "starts": when each run logged its first value, in milliseconds since 1970.
    """
    # Read before the rows: what changes in between is told once more, never missed.
    answer = metrics_now(runs)
    rows = _of(runs)
    keys = rows.order_by("name__key").values_list("name__key", flat=True).distinct()
    chosen, has_more = _chosen(keys, after=after, lead=lead)
    changed = rows.filter(_changed(runs, known)) if known else rows
    if chosen:
        # A range and not all the names: a statement has a limit of values.
        of_names = Q(name__key__in=chosen) if lead else Q(name__key__gte=chosen[0], name__key__lte=chosen[-1])
        changed = changed.filter(of_names).select_related("name").order_by("name__key")
    found = _by_key(runs, changed if chosen else [])
    metrics = [{"key": key, "rank": rank_of(key), "lines": lines} for key, lines in found.items()]
    return answer | {"metrics": metrics, "more": has_more, "count": len(keys) if lead else 0, "starts": _starts(runs)}


def metrics_now(runs: Sequence[Run]) -> dict[str, Any]:
    """What of it can be told without reading a metric.

    `version` changes with anything that is read. `complete`: nothing will change any more, so the page stops asking.
    `problem`: why something is missing.
    """
    rows = {row.run_id: row for row in RunSummaries.objects.filter(run__in=runs)}
    is_partial = any(row.is_partial for row in rows.values())
    return {
        "complete": not is_partial and all(run.is_terminal and run.tracking_closed for run in runs),
        "problem": READING if is_partial else None,
        "version": ".".join(_version(rows.get(run.pk)) for run in runs),
    }


def number(value: float | None) -> Number:
    """For JSON, which has no name for what is not finite; in our rows NaN is None."""
    if value is None or value != value:
        return "NaN"
    if isfinite(value):
        return value
    return "Infinity" if value == inf else "-Infinity"


def _of(runs: Sequence[Run]) -> QuerySet[MetricSummary]:
    return MetricSummary.objects.filter(run__in=runs, owner="")


def _chosen(keys: QuerySet[MetricSummary, str], *, after: str, lead: int) -> tuple[list[str], bool]:
    if lead:
        return leading(keys, lead), False
    found = list((keys.filter(name__key__gt=after) if after else keys)[: PORTION + 1])
    return found[:PORTION], len(found) > PORTION


def _changed(runs: Sequence[Run], known: str) -> Q:
    """What of each run is newer than its part of the version `known`; all, if that is none of these runs."""
    versions = known.split(".")
    matches = [match for match in map(_VERSION.fullmatch, versions) if match]
    if len(versions) != len(runs) or len(matches) != len(runs):
        return Q()
    is_newer = Q(pk=None)
    for run, match in zip(runs, matches, strict=True):
        is_newer |= Q(run=run, version__gt=int(match[1]))
    return is_newer


def _version(row: RunSummaries | None) -> str:
    """It is another one when all has been read from MLflow, though nothing new was there."""
    if row is None:
        return "0"
    return f"{row.version}p" if row.is_partial else str(row.version)


def _by_key(runs: Sequence[Run], rows: Iterable[MetricSummary]) -> dict[str, dict[int, Any]]:
    places = {run.pk: place for place, run in enumerate(runs)}
    found: dict[str, dict[int, Any]] = defaultdict(dict)
    for row in rows:
        found[row.name.key][places[row.run_id]] = _summary(row)
    return found


def _summary(row: MetricSummary) -> dict[str, Any]:
    not_finite = (row.nans, row.infinities, row.minus_infinities)
    return {
        "version": row.version,
        "count": row.count,
        "last": number(row.last),
        "lastStep": row.last_step,
        "least": row.least,
        "most": row.most,
    } | ({"notFinite": not_finite} if any(not_finite) else {})


def _starts(runs: Sequence[Run]) -> list[int | None]:
    found = dict(_of(runs).order_by().values_list("run").annotate(Min("first_time")))
    return [found.get(run.pk) for run in runs]
