"""The search in the list of models, and the metrics in its columns, kept in the URL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.db.models import Q, Subquery
from django.http import QueryDict

from mantik.lib.filters import MOST_OPTIONS, Filters, Link, LinkMenu, Several, Text
from mantik.lib.humanize import counted
from mantik.lib.search_form import SearchBox
from projects.models import Project
from runs.registered_models.models import ModelAlias, RegisteredModel
from runs.registered_models.querysets import RegisteredModelQuerySet
from runs.results.metric_order import most_telling

# How many metrics can have a column.
METRIC_COLUMNS = 3


class ModelFilter(Filters):
    """Which models to list. `metric` has the names of the chosen metrics; without any, the usual one has a column."""

    q = Text(
        SearchBox(
            "models",
            by="name, run, alias or commit",
            hint="Name, run, alias, commit",
            rows="model-rows",
            besides="model-metrics",
        )
    )
    metric = Several(most=METRIC_COLUMNS, form=lambda name: name[:250], narrows=False)

    def __init__(self, query: QueryDict, *, project: Project | Subquery, path: str) -> None:
        super().__init__(query, path=path)
        self._project = project

    def apply(self, models: RegisteredModelQuerySet) -> RegisteredModelQuerySet:
        if not self.q:
            return models
        named = ModelAlias.objects.filter(project=self._project, alias__icontains=self.q).values("model")
        return models.filter(
            Q(name__icontains=self.q)
            | Q(run__name__icontains=self.q)
            | Q(run__commit_sha__startswith=self.q.lower())
            | Q(pk__in=named)
        )

    def columns(self, models: Sequence[RegisteredModel]) -> list[str]:
        """The metrics to show for these models: the chosen ones, else the one that compares them best."""
        return self.metric or _found(models)[:1]

    def menu(self, models: Sequence[RegisteredModel]) -> LinkMenu:
        """The menu of metrics. If one more is chosen than fits, the one that was chosen first is dropped."""
        shown = self.columns(models)
        names = [*shown, *(name for name in _found(models) if name not in shown)]
        left_out = len(names) - MOST_OPTIONS
        return LinkMenu(
            "Metrics",
            [Link(name, self.query_with(metric=_toggled(shown, name)), name in shown) for name in names[:MOST_OPTIONS]],
            chosen=", ".join(self.metric) or None,
            without=self.query_with(metric=[]),
            without_label="Default",
            note=f"{counted(left_out, 'rarer metric is', 'rarer metrics are')} on the pages of the models only."
            if left_out > 0
            else "",
        )


def _found(models: Sequence[RegisteredModel]) -> list[str]:
    """All metrics of the models: first what is pinned, then what most have, then the most important."""
    count = Counter(name for model in models for name in model.metrics)
    pinned = {model.run.experiment.pinned_metric for model in models}
    return sorted(most_telling(count), key=lambda name: (name not in pinned, -count[name]))


def _toggled(shown: list[str], name: str) -> list[str]:
    if name in shown:
        return [one for one in shown if one != name]
    return [*shown, name][-METRIC_COLUMNS:]
