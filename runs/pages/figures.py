"""Numbers about runs, for the pages of other apps. Each query uses an index, and none counts all runs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, F, OuterRef, Q, Subquery, Sum

from mantik.lib.badges import count_for_badge
from projects.models import Experiment, Project
from runs.models import Run
from runs.states import FAILURES, RunState


def failed_recently(project: Project, *, since: datetime) -> int:
    """How many runs failed or were lost after `since`, as far as a badge counts."""
    return count_for_badge(Run.objects.filter(project=project).failed_since(since))


def figures(project: Project, *, since: datetime) -> dict[str, float]:
    """{"active", "failed", "finished", "core_hours"}: the runs that are active now, the others after `since`."""
    runs = Run.objects.filter(project=project).order_by()
    # Every column of it is in `run_ended_in`, so no run is read.
    ended = runs.filter(ended_at__gte=since).aggregate(
        failed=Count("state", filter=Q(state__in=FAILURES)),
        finished=Count("state", filter=Q(state=RunState.FINISHED)),
        core_hours=Sum("core_hours", default=0.0),
    )
    # The active runs are counted by a query of their own: with an OR, neither condition could use its index.
    return {"active": runs.active().count(), **ended}


def used_by_account(project: Project, *, since: datetime, most: int) -> list[tuple[str, float]]:
    """The core-hours of runs that ended after `since`, by compute budget account, the most used first."""
    used = Run.objects.filter(project=project, ended_at__gte=since, core_hours__gt=0).order_by()
    rows = used.values_list("compute_budget_account").annotate(used=Sum("core_hours"))
    return [(account, hours) for account, hours in rows.order_by("-used", "compute_budget_account")[:most]]


def active_experiments(project: Project, *, most: int) -> list[Experiment]:
    """Those in which something was started last; those without a run by name after them."""
    newest = Run.objects.filter(experiment=OuterRef("pk")).newest_first().values("created_at")[:1]
    rows = project.experiments.annotate(active_at=Subquery(newest))
    return list(rows.order_by(F("active_at").desc(nulls_last=True), "name", "pk")[:most])


def last_run_by_project(projects: Iterable[Project]) -> dict[int, datetime]:
    """When each project's newest run was started; projects without a run are left out."""
    newest = Run.objects.filter(project=OuterRef("pk")).newest_first().values("created_at")[:1]
    rows = Project.objects.filter(pk__in=[project.pk for project in projects])
    found = rows.annotate(last_run_at=Subquery(newest)).values_list("pk", "last_run_at")
    return {pk: at for pk, at in found if at}


def active_by_project(projects: Iterable[Project]) -> dict[int, int]:
    active = Run.objects.filter(project__in=list(projects)).active().order_by()
    return dict(active.values_list("project").annotate(count=Count("pk")).values_list("project", "count"))


def last_run_by_experiment(experiments: Iterable[Experiment]) -> dict[int, Run]:
    """The newest run of each experiment, with state and dates only."""
    newest = Run.objects.filter(experiment=OuterRef("pk")).newest_first().values("pk")[:1]
    rows = Experiment.objects.filter(pk__in=[experiment.pk for experiment in experiments])
    ids = [pk for pk in rows.annotate(newest=Subquery(newest)).values_list("newest", flat=True) if pk]
    runs = Run.objects.filter(pk__in=ids).only("experiment_id", "state", "created_at", "ended_at")
    return {run.experiment_id: run for run in runs}
