"""What the list of experiments says of each: how many runs it has, and the best value of its pinned metric."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import F, IntegerField, OuterRef, Subquery

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


def best_by_experiment(experiments: Collection[Experiment]) -> dict[int, float]:
    """The best last value of the pinned metric, by primary key, where there is one. One query, at edges of an index."""
    finite = MetricSummary.objects.filter(name=OuterRef("pk"), owner="", last__gt=float("-inf"), last__lt=float("inf"))
    pinned = LoggedName.objects.filter(
        experiment__in=[one.pk for one in experiments if one.pinned_metric],
        kind=LoggedName.Kind.METRIC,
        key=F("experiment__pinned_metric"),
    )
    most, least = (Subquery(finite.order_by(order).values("last")[:1]) for order in ("-last", "last"))
    rows = pinned.annotate(most=most, least=least).values_list(
        "experiment", "experiment__more_is_better", "most", "least"
    )
    found = {experiment: most if is_more else least for experiment, is_more, most, least in rows}
    return {experiment: value for experiment, value in found.items() if value is not None}
