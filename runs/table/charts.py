"""The charts above an experiment's table: its metric over the last runs, against a param, and how long runs took."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from mantik.lib.humanize import measure
from projects.models import Experiment
from runs.models import Run, RunParam
from runs.results.scale import Scale
from runs.table.dots import Chart, Point, dots_of, range_of
from runs.table.language import Field
from runs.table.names import Names
from runs.table.trends import duration_trend, finite_values, metric_trend, newest


def charts(experiment: Experiment, metric: Field | None, names: Names) -> list[Chart]:
    """None where there are no two points. Three queries at most, over the newest runs."""
    runs = newest(Run.objects.filter(experiment=experiment))
    found = [*(_of_metric(experiment, runs, metric, names) if metric else []), duration_trend(experiment.project, runs)]
    return [chart for chart in found if chart]


def _of_metric(experiment: Experiment, runs: Sequence[Run], metric: Field, names: Names) -> list[Chart | None]:
    values = finite_values(runs, metric, names)
    is_more = names.more_is_better(metric)
    trend = metric_trend(experiment.project, runs, values, metric, more_is_better=is_more)
    return [trend, _scatter(experiment, metric, runs, values)] if trend else []


def _scatter(experiment: Experiment, metric: Field, runs: Sequence[Run], values: dict[int, float]) -> Chart | None:
    """Against the param with the most different numbers."""
    rows = RunParam.objects.filter(run__in=list(values), owner="", number__isnull=False)
    params: dict[str, dict[int, float]] = defaultdict(dict)
    for run, key, number in rows.values_list("run", "name__key", "number"):
        params[key][run] = number or 0.0
    different = {key: len(set(numbers.values())) for key, numbers in params.items()}
    key = max(sorted(different), key=lambda one: different[one], default="")
    if different.get(key, 0) < 2:
        return None
    numbers = params[key]
    points = [Point(run, values[run.pk], numbers[run.pk], measure(values[run.pk])) for run in runs if run.pk in numbers]
    scale = Scale(point.at for point in points)
    ends = measure(scale.least), measure(scale.most)
    return Chart(
        title=f"{metric.name} against {key}",
        note=f"last {len(points)} runs" + (", logarithmic" if scale.is_log else ""),
        dots=dots_of(experiment.project, points, scale),
        summary=f"{metric.name} against {key} of the last {len(points)} runs: {range_of(points)}, "
        f"with {key} from {ends[0]} to {ends[1]}.",
        left=ends[0],
        right=ends[1],
    )
