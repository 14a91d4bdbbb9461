"""What the list of experiments says of each: how many runs it has, and the best value of its pinned metric."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import F, IntegerField, OuterRef, QuerySet, Subquery

from mantik.lib.badges import MOST_SHOWN
from projects.models import Experiment
from runs.models import LoggedName, MetricSummary, Run


class _Counted(Subquery):
    """How many rows a query has, which is cut off."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def runs_by_experiment(experiments: Collection[Experiment]) -> dict[int, int]:
    """By primary key, counted as far as a badge counts. One query."""
    runs = Run.objects.filter(experiment=OuterRef("pk")).order_by().values("pk")[: MOST_SHOWN + 1]
    rows = Experiment.objects.filter(pk__in=[one.pk for one in experiments])
    return dict(rows.annotate(runs_counted=_Counted(runs)).values_list("pk", "runs_counted"))


@dataclass(frozen=True)
class Best:
    """The run that is best by the pinned metric of its experiment, and the last value of that."""

    run: Run
    value: float


def best_by_experiment(experiments: Collection[Experiment]) -> dict[int, float]:
    """The best last value of the pinned metric, by primary key, where there is one. One query, at edges of an index."""
    return {experiment: value for experiment, (value, _) in _edges(experiments).items()}


def best_runs(experiments: Collection[Experiment]) -> dict[int, Best]:
    """As `best_by_experiment`, with the runs, of which the names are read. Two queries, or one if there are none."""
    edges = _edges(experiments)
    if not edges:
        return {}
    runs = Run.objects.only("uuid", "name", "experiment").in_bulk([run for _, run in edges.values()])
    return {experiment: Best(runs[run], value) for experiment, (value, run) in edges.items() if run in runs}


def _edges(experiments: Collection[Experiment]) -> dict[int, tuple[float, int]]:
    """By primary key of the experiment, the best value and the primary key of the run that has it."""
    finite = MetricSummary.objects.filter(name=OuterRef("pk"), owner="", last__gt=float("-inf"), last__lt=float("inf"))
    pinned = LoggedName.objects.filter(
        experiment__in=[one.pk for one in experiments if one.pinned_metric],
        kind=LoggedName.Kind.METRIC,
        key=F("experiment__pinned_metric"),
    )
    # Value and run in the order of the index, so that both are of the same row.
    edges = {f"{end}_{what}": _edge(finite, end, what) for end in ("most", "least") for what in ("last", "run")}
    rows = pinned.annotate(**edges).values("experiment", "experiment__more_is_better", *edges)
    ends = {row["experiment"]: ("most" if row["experiment__more_is_better"] else "least", row) for row in rows}
    return {pk: (row[f"{end}_last"], row[f"{end}_run"]) for pk, (end, row) in ends.items() if row[f"{end}_run"]}


def _edge(finite: QuerySet[MetricSummary], end: str, what: str) -> Subquery:
    sign = "-" if end == "most" else ""
    return Subquery(finite.order_by(f"{sign}last", f"{sign}run").values(what)[:1])
