"""Registered models as rows of lists: what to show, and which buttons this user may press."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from mantik.accounts.models import User
from mantik.lib.badges import count_for_badge
from mantik.lib.humanize import measure
from projects.models import Project
from runs.pages.commits import commit_url
from runs.registered_models.models import RegisteredModel
from runs.registered_models.services import may_unregister
from runs.registered_models.waiting import waiting
from runs.results.metric_order import most_telling
from runs.states import Badge


@dataclass(frozen=True)
class ModelRow:
    """One row. `reason`: why the model waits, or what is wrong with it. `values`: (name, value) of the chosen metrics.

    The value of a metric that the model does not have is "".
    """

    id: str
    url: str
    name: str
    badge: Badge
    reason: str
    run_name: str
    run_url: str
    aliases: list[str]
    values: list[tuple[str, str]]
    commit_sha: str
    commit_url: str | None
    by: str
    created_at: datetime
    size: int | None
    unregister_url: str | None


def model_rows(
    models: Sequence[RegisteredModel],
    *,
    metrics: Sequence[str],
    user: User | AnonymousUser,
    project: Project,
    now: datetime,
) -> list[ModelRow]:
    """The rows of a list. `models` are from `for_rows`. One query, for the user's role."""
    return [_row(model, metrics, user, project, now) for model in models]


@dataclass(frozen=True)
class NewModel:
    """A line of the overview: `metric` is the name of the most important metric, "" if there is none."""

    model: RegisteredModel
    metric: str
    value: str


def newest_models(project: Project, *, most: int) -> list[NewModel]:
    models = RegisteredModel.objects.filter(project=project).for_rows()
    found = []
    for model in models.order_by("-pk")[:most]:
        metric = next(iter(most_telling(model.metrics, pinned=[model.run.experiment.pinned_metric])), "")
        found.append(NewModel(model, metric, measure(model.metrics[metric]) if metric else ""))
    return found


def troubled_count(project: Project) -> int:
    """How many models somebody changed in MLflow, as far as a badge counts."""
    return count_for_badge(RegisteredModel.objects.filter(project=project).troubled())


def _row(
    model: RegisteredModel, metrics: Sequence[str], user: User | AnonymousUser, project: Project, now: datetime
) -> ModelRow:
    model.project = model.run.project = project
    address = {"slug": project.slug, "uuid": model.uuid}
    held_up = waiting(model, now=now)
    return ModelRow(
        id=f"model-{model.uuid}",
        url=reverse("registered_models:detail", kwargs=address),
        name=model.name,
        badge=model.badge,
        reason=model.trouble or (held_up.reason if held_up else ""),
        run_name=model.run.name,
        run_url=reverse("runs:detail", args=[project.slug, model.run.uuid]),
        aliases=[alias.alias for alias in model.aliases.all()],
        values=[(name, measure(model.metrics[name]) if name in model.metrics else "") for name in metrics],
        commit_sha=model.run.commit_sha,
        commit_url=commit_url(model.run),
        by=model.created_by.display_name,
        created_at=model.created_at,
        size=model.size,
        unregister_url=reverse("registered_models:unregister", kwargs=address) if may_unregister(user, model) else None,
    )
