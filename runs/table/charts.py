"""The charts above an experiment's table: its metric over the last runs, against a param, and how long runs took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from mantik.lib.filters import MOST_OPTIONS, Link, LinkMenu
from mantik.lib.humanize import measure
from projects.models import Experiment
from runs.models import Run, RunParam
from runs.results.scale import Scale
from runs.table.dots import Chart, Point, dots_of, range_of
from runs.table.filters import TableFilter
from runs.table.language import Field, Source
from runs.table.names import Names
from runs.table.trends import duration_trend, finite_values, metric_trend, newest


def charts(experiment: Experiment, metric: Field | None, names: Names, filters: TableFilter) -> list[Chart]:
    """None where there are no two points. Three queries at most, over the newest runs."""
    runs = newest(Run.objects.filter(experiment=experiment))
    of_metric = _of_metric(experiment, runs, metric, names, filters) if metric else []
    return [chart for chart in (*of_metric, duration_trend(experiment.project, runs)) if chart]


def _of_metric(
    experiment: Experiment, runs: Sequence[Run], metric: Field, names: Names, filters: TableFilter
) -> list[Chart | None]:
    values = finite_values(runs, metric, names)
    is_more = names.more_is_better(metric)
    trend = metric_trend(experiment.project, runs, values, metric, more_is_better=is_more)
    return [trend, _scatter(experiment, metric, runs, values, filters)] if trend else []


def _scatter(
    experiment: Experiment, metric: Field, runs: Sequence[Run], values: dict[int, float], filters: TableFilter
) -> Chart | None:
    """Against the param that is asked for, else against the one with the most different numbers."""
    params = _telling_params(values)
    if not params:
        return None
    key = _chosen(params, filters)
    numbers = params[key]
    points = [Point(run, values[run.pk], numbers[run.pk], measure(values[run.pk])) for run in runs if run.pk in numbers]
    scale = Scale(point.at for point in points)
    ends = measure(scale.least), measure(scale.most)
    return Chart(
        title=f"{metric.name} against {key}",
        note=f"last {len(points)} runs" + (", log scale" if scale.is_log else ""),
        dots=dots_of(experiment.project, points, scale),
        summary=f"{metric.name} against {key} of the last {len(points)} runs: {range_of(points)}, "
        f"with {key} from {ends[0]} to {ends[1]}.",
        left=ends[0],
        right=ends[1],
        menu=_menu(params, key, filters),
    )


def _telling_params(runs: Iterable[int]) -> dict[str, dict[int, float]]:
    """By name, the numbers of those params that are not the same in all of `runs`; the most different first."""
    rows = RunParam.objects.filter(run__in=list(runs), owner="", number__isnull=False)
    params: dict[str, dict[int, float]] = defaultdict(dict)
    for run, key, number in rows.values_list("run", "name__key", "number"):
        params[key][run] = number or 0.0
    different = {key: len(set(numbers.values())) for key, numbers in params.items()}
    telling = sorted((key for key in params if different[key] > 1), key=lambda key: (-different[key], key))
    return {key: params[key] for key in telling}


def _chosen(params: Mapping[str, object], filters: TableFilter) -> str:
    """Adds a sentence to `filters` if the one that is asked for cannot be drawn."""
    asked, first = filters.chosen_param, next(iter(params))
    if asked is None or asked.name in params:
        return asked.name if asked else first
    filters.left_out.append(f"The last runs have no two different numbers of {asked}; {first} is drawn instead.")
    return first


def _menu(params: Iterable[str], chosen: str, filters: TableFilter) -> LinkMenu | None:
    """None where there is no choice."""
    fields = [Field(Source.PARAM, key) for key in params]
    links = [Link(one.name, filters.query_with(against=str(one)), one.name == chosen) for one in fields]
    left_out = len(links) - MOST_OPTIONS
    note = f"{left_out:,} more can be named in the address: against=param.NAME." if left_out > 0 else ""
    if len(links) < 2:
        return None
    return LinkMenu(
        "Param",
        links[:MOST_OPTIONS],
        chosen if filters.chosen_param else None,
        without=filters.query_with(against=""),
        without_label="The one that differs most",
        note=note,
    )
