"""Whether the runs of a schedule become better or slower: the charts on its page."""

from __future__ import annotations

from runs.models import Run
from runs.table.dots import Chart
from runs.table.language import Field, Source
from runs.table.names import Names
from runs.table.scope import Scope
from runs.table.trends import LOOKED_AT, duration_trend, finite_values, metric_trend, newest
from schedules.models import Schedule


def trends(schedule: Schedule) -> list[Chart]:
    """Of what its runs took, and of the metric that is pinned where the last of them is. Four queries at most."""
    fired = schedule.slots.filter(run__isnull=False).order_by("-due_at").values("run")
    runs = newest(Run.objects.filter(pk__in=fired[:LOOKED_AT]))
    found = [_of_metric(schedule, runs), duration_trend(schedule.project, runs)]
    return [chart for chart in found if chart]


def _of_metric(schedule: Schedule, runs: list[Run]) -> Chart | None:
    if not runs:
        return None
    experiment = schedule.project.experiments.filter(runs=runs[0].pk).exclude(pinned_metric="").first()
    if experiment is None:
        return None
    metric = Field(Source.METRIC, experiment.pinned_metric)
    values = finite_values(runs, metric, Names(Scope(schedule.project, experiment), [metric]))
    return metric_trend(schedule.project, runs, values, metric, more_is_better=experiment.more_is_better)
