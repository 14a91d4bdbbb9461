"""How a metric and the duration went over the last runs of an experiment, or of a schedule."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from mantik.lib.humanize import measure, spoken_duration
from projects.models import Project
from runs.models import MetricSummary, Run
from runs.querysets import RunQuerySet
from runs.results.scale import Scale
from runs.table.dots import Chart, Point, dots_of, heights, range_of
from runs.table.language import Field
from runs.table.names import Names
from runs.table.query import column_of

LAST = 30
LOOKED_AT = 100
_FEWEST = 2


def newest(runs: RunQuerySet) -> list[Run]:
    """The runs that charts look at, newest first. One query."""
    return list(runs.newest_first().only("uuid", "name", "state", "created_at", "ended_at")[:LOOKED_AT])


def finite_values(runs: Iterable[Run], metric: Field, names: Names) -> dict[int, float]:
    """Their values of `metric`, by primary key, in no order. One query, or none if no run has logged it."""
    ids, column = names.ids_of(metric), column_of(metric, names)
    if not ids:
        return {}
    logged = MetricSummary.objects.filter(run__in=[run.pk for run in runs], owner="", name__in=ids)
    found = logged.values_list("run", column)
    return {run: value for run, value in found if value is not None and math.isfinite(value)}


def metric_trend(
    project: Project, runs: Sequence[Run], values: dict[int, float], metric: Field, *, more_is_better: bool
) -> Chart | None:
    """Of the last of `runs`, newest first, that have a value; None without two."""
    last = [run for run in runs if run.pk in values][:LAST][::-1]
    if len(last) < _FEWEST:
        return None
    points = [Point(run, values[run.pk], at, measure(values[run.pk])) for at, run in enumerate(last)]
    best = (max if more_is_better else min)(point.value for point in points)
    best_point = next(point for point in points if point.value == best)
    many = f"last {len(points)} runs, in order"
    return Chart(
        title=metric.name,
        note=many,
        dots=dots_of(project, points, Scale(range(len(points)), linear=True), best=best),
        summary=f"{metric.name} of the {many}: {range_of(points)}; the best is {measure(best)}, "
        f"of {best_point.run.name}.",
        line=heights(points)[points.index(best_point)],
        best=measure(best),
    )


def duration_trend(project: Project, runs: Sequence[Run]) -> Chart | None:
    """Of the last of `runs`, newest first, that are over; None without two."""
    over = [(run, run.duration(run.ended_at)) for run in runs if run.ended_at][:LAST][::-1]
    if len(over) < _FEWEST:
        return None
    points = [Point(run, length.total_seconds(), at, spoken_duration(length)) for at, (run, length) in enumerate(over)]
    shortest, *_, longest = sorted(points, key=lambda point: point.value)
    many = f"last {len(points)} runs that are over, in order"
    return Chart(
        title="Duration",
        note=f"last {len(points)} that are over",
        dots=dots_of(project, points, Scale(range(len(points)), linear=True)),
        summary=f"Duration of the {many}: {range_of(points)}; the longest is {longest.run.name}.",
        left=f"shortest {shortest.shown}",
        right=f"longest {longest.shown}",
    )
