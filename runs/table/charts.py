"""The charts above an experiment's table, as points of an SVG: its metric over the last runs, and against a param."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse

from mantik.lib.humanize import measure
from projects.models import Experiment
from runs.models import MetricSummary, Run, RunParam
from runs.results.scale import Scale
from runs.states import FAILURES, RunState
from runs.table.language import Field
from runs.table.names import Names
from runs.table.query import column_of

# The size of the drawing, in units of its viewBox, and what is left free around the points.
WIDTH, HEIGHT, _MARGIN = 430, 112, 8
_LAST, _LOOKED_AT = 30, 100


@dataclass(frozen=True)
class Dot:
    x: str
    y: str
    tone: str
    title: str
    url: str


@dataclass(frozen=True)
class Chart:
    """`line`: the height of the best, "" without one. `left`, `right`: the ends of the axis. `summary`: in words."""

    title: str
    note: str
    dots: Sequence[Dot]
    summary: str
    line: str = ""
    best: str = ""
    left: str = ""
    right: str = ""


@dataclass(frozen=True)
class _Point:
    run: Run
    value: float
    at: float


def charts(experiment: Experiment, metric: Field, names: Names) -> list[Chart]:
    """None where there are no two points. Three queries, over the newest runs."""
    name, column = names.id_of(metric), column_of(metric, names)
    if name is None:
        return []
    newest = Run.objects.filter(experiment=experiment).newest_first()
    runs = {run.pk: run for run in newest.only("uuid", "name", "state", "created_at")[:_LOOKED_AT]}
    logged = MetricSummary.objects.filter(run__in=runs, owner="", name=name).values_list("run", column)
    values = {run: value for run, value in logged if value is not None and math.isfinite(value)}
    if len(values) < 2:
        return []
    found = [_trend(experiment, metric, runs, values, more_is_better=names.more_is_better(metric))]
    scatter = _scatter(experiment, metric, runs, values)
    return [*found, scatter] if scatter else found


def _trend(
    experiment: Experiment, metric: Field, runs: dict[int, Run], values: dict[int, float], *, more_is_better: bool
) -> Chart:
    last = [runs[pk] for pk in runs if pk in values][:_LAST][::-1]
    points = [_Point(run, values[run.pk], at) for at, run in enumerate(last)]
    best = (max if more_is_better else min)(point.value for point in points)
    heights = _heights(points)
    best_run = points[next(at for at, point in enumerate(points) if point.value == best)].run
    many = f"last {len(points)} runs, in order"
    return Chart(
        title=metric.name,
        note=many,
        dots=_dots(experiment, points, Scale(range(len(points)), linear=True), best=best),
        summary=f"{metric.name} of the {many}: {_range(points)}; the best is {measure(best)}, of {best_run.name}.",
        line=next(height for height, point in zip(heights, points, strict=True) if point.value == best),
        best=measure(best),
    )


def _scatter(experiment: Experiment, metric: Field, runs: dict[int, Run], values: dict[int, float]) -> Chart | None:
    """Against the param with the most different numbers."""
    rows = RunParam.objects.filter(run__in=list(values), owner="", number__isnull=False)
    params: dict[str, dict[int, float]] = defaultdict(dict)
    for run, key, number in rows.values_list("run", "name__key", "number"):
        params[key][run] = number or 0.0
    different = {key: len(set(numbers.values())) for key, numbers in params.items()}
    key = max(sorted(different), key=lambda one: different[one], default="")
    if different.get(key, 0) < 2:
        return None
    points = [_Point(runs[run], values[run], number) for run, number in params[key].items()]
    scale = Scale(point.at for point in points)
    ends = measure(scale.least), measure(scale.most)
    return Chart(
        title=f"{metric.name} against {key}",
        note=f"last {len(points)} runs" + (", logarithmic" if scale.is_log else ""),
        dots=_dots(experiment, points, scale),
        summary=f"{metric.name} against {key} of the last {len(points)} runs: {_range(points)}, "
        f"with {key} from {ends[0]} to {ends[1]}.",
        left=ends[0],
        right=ends[1],
    )


def _dots(experiment: Experiment, points: Sequence[_Point], across: Scale, *, best: float | None = None) -> list[Dot]:
    xs = _scaled(across, (point.at for point in points), WIDTH, turned=False)
    ys = _heights(points)
    # Resolving an address takes longer than all else that a dot needs.
    runs_url = reverse("runs:list", args=[experiment.project.slug])
    return [
        Dot(
            x,
            y,
            "best" if point.value == best else _tone(point.run),
            f"{point.run.name}: {measure(point.value)}",
            f"{runs_url}{point.run.uuid}/",
        )
        for point, x, y in zip(points, xs, ys, strict=True)
    ]


def _heights(points: Sequence[_Point]) -> list[str]:
    values = [point.value for point in points]
    return _scaled(Scale(values, linear=True), values, HEIGHT, turned=True)


def _tone(run: Run) -> str:
    if run.run_state in FAILURES:
        return "bad"
    return "run" if run.is_active else "off" if run.state == RunState.CANCELLED else "ok"


def _scaled(scale: Scale, numbers: Iterable[float], size: int, *, turned: bool) -> list[str]:
    """Places between the margins; `turned`: the greatest number is at 0, as an SVG counts from the top."""
    room = size - 2 * _MARGIN
    shares = map(scale.place, numbers)
    return [f"{_MARGIN + room * (1 - share if turned else share):.1f}" for share in shares]


def _range(points: Iterable[_Point]) -> str:
    values = [point.value for point in points]
    return f"from {measure(min(values))} to {measure(max(values))}"
