"""Finds projects, runs, models and schedules by name, of those that a person may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, QuerySet, Value, When
from django.db.models.functions import Lower
from django.urls import reverse

from mantik.accounts.models import User
from mantik.lib.query_time import TooSlow, at_most
from projects.models import Project
from runs.models import RegisteredModel, Run
from runs.querysets import RunQuerySet
from runs.states import Badge
from schedules.models import Schedule

LONGEST = 100
# Of each kind.
MOST = 6
# The runs of all projects together have no order of their own in an index, and somebody waits while they type.
SECONDS = 1.0
# Runs of a page of the list, and one more.
_PAGE = 51
_OF_RUN = ("uuid", "name", "state", "created_at", "project__slug", "project__name", "experiment__name")


@dataclass(frozen=True)
class Hit:
    """`note` says where it is."""

    name: str
    url: str
    note: str = ""
    badge: Badge | None = None
    icon: str = ""


@dataclass(frozen=True)
class Hits:
    """What was found of one kind. `remark`: that there is more, or that not everything was looked through."""

    label: str
    hits: list[Hit]
    remark: str = ""


def find(text: str, *, user: User | AnonymousUser, project: Project | None) -> list[Hits]:
    """What has `text` in its name, that of `project` first: at most MOST of each kind, and no kind without any."""
    kinds = [
        _hits("Projects", [_project_hit(one) for one in _projects(text, user)]),
        _run_hits(text, user, project),
        _hits("Models", [_model_hit(model) for model in _models(text, user, project)]),
        _hits("Schedules", [_schedule_hit(schedule) for schedule in _schedules(text, user, project)]),
    ]
    return [kind for kind in kinds if kind.hits or kind.remark]


def _hits(label: str, found: list[Hit]) -> Hits:
    """`found`: one more than are shown, if there are more."""
    remark = f"There are more {label.lower()} with this name. Type more of it." if len(found) > MOST else ""
    return Hits(label, found[:MOST], remark)


def _projects(text: str, user: User | AnonymousUser) -> list[Project]:
    named = Project.objects.visible_to(user).filter(name__icontains=text)
    return list(named.order_by(Lower("name"), "pk")[: MOST + 1])


def _run_hits(text: str, user: User | AnonymousUser, project: Project | None) -> Hits:
    runs = Run.objects.only(*_OF_RUN).select_related("project", "experiment").search(text).newest_first()
    found: list[Run] = []
    try:
        with at_most(SECONDS):
            found += _runs_here(runs, project) if project else []
            found += _runs_elsewhere(runs.visible_to(user), project, most=MOST + 1 - len(found))
    except TooSlow:
        remark = "Not all runs were looked through, because it takes too long. Type more of a name."
        return Hits("Runs", [_run_hit(run) for run in found[:MOST]], remark)
    return _hits("Runs", [_run_hit(run) for run in found])


def _runs_here(runs: RunQuerySet, project: Project) -> list[Run]:
    """By the key of the one project the list's own index serves, however many runs have the name.

    As many are read as for a page of that list: for a few, PostgreSQL would expect to meet them soon in the order of
    the list, and read that to its end where none has the name (`page.search.1m`).
    """
    return list(runs.filter(project=project)[:_PAGE])[: MOST + 1]


def _runs_elsewhere(runs: RunQuerySet, project: Project | None, *, most: int) -> list[Run]:
    if not most:
        return []
    elsewhere = runs.exclude(project=project) if project else runs
    return list(elsewhere[:most])


def _models(text: str, user: User | AnonymousUser, project: Project | None) -> list[RegisteredModel]:
    named = RegisteredModel.objects.visible_to(user).filter(name__icontains=text)
    return list(_here_first(named.for_rows().select_related("project"), project)[: MOST + 1])


def _schedules(text: str, user: User | AnonymousUser, project: Project | None) -> list[Schedule]:
    named = Schedule.objects.visible_to(user).filter(name__icontains=text)
    return list(_here_first(named.for_rows().select_related("project"), project)[: MOST + 1])


def _here_first(rows: QuerySet[Any], project: Project | None) -> QuerySet[Any]:
    if project is None:
        return rows.order_by(Lower("name"), "pk")
    here = Case(When(project=project, then=Value(0)), default=Value(1))
    return rows.order_by(here, Lower("name"), "pk")


def _project_hit(project: Project) -> Hit:
    return Hit(project.name, reverse("projects:overview", args=[project.slug]), project.summary, icon="columns-gap")


def _run_hit(run: Run) -> Hit:
    url = reverse("runs:detail", args=[run.project.slug, run.uuid])
    return Hit(run.name, url, f"{run.project.name} · {run.experiment.name}", badge=run.badge, icon="collection-play")


def _model_hit(model: RegisteredModel) -> Hit:
    url = reverse("registered_models:detail", args=[model.project.slug, model.uuid])
    return Hit(model.name, url, model.project.name, icon="box-seam")


def _schedule_hit(schedule: Schedule) -> Hit:
    url = reverse("schedules:detail", args=[schedule.project.slug, schedule.uuid])
    return Hit(schedule.name, url, schedule.project.name, icon="calendar3")
