"""The search of the list of models and the metrics in its columns, both in the URL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.http import QueryDict

from projects.models import Project
from runs.registered_models.metric_order import most_telling
from runs.registered_models.models import ModelAlias, RegisteredModel
from runs.registered_models.querysets import RegisteredModelQuerySet

MOST_METRICS = 3
MOST_OPTIONS = 30


@dataclass
class ModelFilter:
    """Which models to list. `metrics` are the names that were chosen, none for the usual one."""

    project: Project
    path: str
    q: str = ""
    metrics: list[str] = field(default_factory=list)

    @classmethod
    def from_query(cls, query: QueryDict, *, project: Project, path: str) -> ModelFilter:
        chosen = dict.fromkeys(name[:250] for name in query.getlist("metric") if name)
        return cls(project, path, query.get("q", "").strip()[:100], list(chosen)[:MOST_METRICS])

    def apply(self, models: RegisteredModelQuerySet) -> RegisteredModelQuerySet:
        if not self.q:
            return models
        named = ModelAlias.objects.filter(project=self.project, alias__icontains=self.q).values("model")
        return models.filter(
            Q(name__icontains=self.q)
            | Q(run__name__icontains=self.q)
            | Q(run__commit_sha__startswith=self.q.lower())
            | Q(pk__in=named)
        )

    def columns(self, models: Sequence[RegisteredModel]) -> list[str]:
        """The metrics to show of these models: those chosen, else the one by which they are best compared."""
        return self.metrics or _found(models)[:1]

    # For the template

    @property
    def is_filtered(self) -> bool:
        return bool(self.q)

    @property
    def clear_url(self) -> str:
        return self.url(q="")

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What the search form carries along."""
        return [("metric", name) for name in self.metrics]

    def menu(self, models: Sequence[RegisteredModel]) -> dict[str, Any]:
        """Choosing one more than there is room for puts away the one that was chosen first."""
        shown = self.columns(models)
        names = [*shown, *(name for name in _found(models) if name not in shown)][:MOST_OPTIONS]
        return {
            "label": "Metrics",
            "chosen": ", ".join(self.metrics) or None,
            "clear_url": self.url(metric=[]),
            "clear_label": "The usual one",
            "options": [
                {"label": name, "url": self.url(metric=_toggled(shown, name)), "is_chosen": name in shown}
                for name in names
            ],
        }

    def page_url(self, cursor: str | None) -> str | None:
        return self.url(page=cursor) if cursor else None

    def url(self, **changed: Any) -> str:
        values: dict[str, Any] = {"q": self.q, "metric": self.metrics} | changed
        query = QueryDict(mutable=True)
        for name, value in values.items():
            if value:
                query.setlist(name, value if isinstance(value, list) else [value])
        return f"{self.path}?{query.urlencode()}" if query else self.path


def _found(models: Sequence[RegisteredModel]) -> list[str]:
    """What most of them have first: a column is there for comparing. Among those alike, the most telling."""
    count = Counter(name for model in models for name in model.metrics)
    return sorted(most_telling(count), key=lambda name: -count[name])


def _toggled(shown: list[str], name: str) -> list[str]:
    if name in shown:
        return [one for one in shown if one != name]
    return [*shown, name][-MOST_METRICS:]
