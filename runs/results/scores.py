"""What runs achieved, side by side, with the best marked: their metrics, and what they cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

from mantik.lib.humanize import clock_duration, core_hours, measure
from projects.models import Experiment
from runs.models import MetricSummary, Run
from runs.results.metric_order import more_is_better, most_telling
from runs.results.metrics import Number, number


@dataclass(frozen=True)
class Score:
    """`value` is for programs, `shown` for people. An infinite value is never the best."""

    value: Number
    shown: str
    is_best: bool = False


@dataclass(frozen=True)
class ScoreRow:
    """`metric` is "" of what is no metric. `what`: "last", "highest" or "lowest". A run without a value has None."""

    label: str
    metric: str
    what: str
    scores: tuple[Score | None, ...]


def metric_rows(runs: Sequence[Run]) -> list[ScoreRow]:
    """Of each metric the last value, and the best if it is known what is better. What is pinned comes first. One query.

    `runs` have their experiments.
    """
    found: dict[str, dict[int, MetricSummary]] = defaultdict(dict)
    rows = MetricSummary.objects.filter(run__in=runs, owner="").select_related("name")
    for row in rows:
        found[row.name.key][row.run_id] = row
    pinned = directions(runs)
    return [
        row
        for key in most_telling(found, pinned=pinned)
        for row in _rows_of(key, [found[key].get(run.pk) for run in runs], pinned.get(key, more_is_better(key)))
    ]


def directions(runs: Sequence[Run]) -> dict[str, bool | None]:
    """Those of the experiments of `runs`."""
    return pinned_directions({run.experiment_id: run.experiment for run in runs}.values())


def pinned_directions(experiments: Iterable[Experiment]) -> dict[str, bool | None]:
    """By the metrics that `experiments` have pinned: whether more is better; None if they disagree."""
    found: dict[str, bool | None] = {}
    for experiment in experiments:
        key, is_more = experiment.pinned_metric, experiment.more_is_better
        if key:
            found[key] = is_more if found.get(key, is_more) == is_more else None
    return found


def _rows_of(key: str, summaries: Sequence[MetricSummary | None], is_more: bool | None) -> list[ScoreRow]:
    rows = [_row(key, "last", summaries, lambda row: row.last, is_more)]
    if is_more is True:
        rows.append(_row(key, "highest", summaries, lambda row: row.most, is_more))
    if is_more is False:
        rows.append(_row(key, "lowest", summaries, lambda row: row.least, is_more))
    return rows


def _row(
    key: str,
    what: str,
    summaries: Sequence[MetricSummary | None],
    value_of: Callable[[MetricSummary], float | None],
    is_more: bool | None,
) -> ScoreRow:
    values = [value_of(row) if row else None for row in summaries]
    best = _best(values, is_more)
    scores = tuple(
        Score(number(value), _words(value), is_best=value is not None and value == best) if row else None
        for row, value in zip(summaries, values, strict=True)
    )
    return ScoreRow(f"{key}, {what}", key, what, scores)


def _best(values: Sequence[float | None], is_more: bool | None) -> float | None:
    """None if there is nothing to choose from."""
    finite = [value for value in values if value is not None and isfinite(value)]
    if is_more is None or len(finite) < 2 or len(set(finite)) == 1:
        return None
    return max(finite) if is_more else min(finite)


def _words(value: float | None) -> str:
    if value is None or isfinite(value):
        return measure(value)
    return "infinite" if value > 0 else "minus infinite"


def cost_rows(runs: Sequence[Run], *, now: datetime) -> list[ScoreRow]:
    return [
        ScoreRow("Queued", "", "queued_seconds", tuple(_length(_queued(run, now)) for run in runs)),
        ScoreRow("Duration", "", "duration_seconds", tuple(_length(run.duration(now)) for run in runs)),
        ScoreRow("Core-hours", "", "core_hours", tuple(_core_hours(run) for run in runs)),
    ]


def _queued(run: Run, now: datetime) -> timedelta | None:
    if run.submitted_at is None or run.was_refused:
        return None
    return max(timedelta(), (run.running_at or run.ended_at or now) - run.submitted_at)


def _length(length: timedelta | None) -> Score | None:
    return None if length is None else Score(length.total_seconds(), clock_duration(length))


def _core_hours(run: Run) -> Score | None:
    return None if run.core_hours is None else Score(run.core_hours, core_hours(run.core_hours))
