"""Pages that show data of several apps: the list of projects and the overview of a project."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from connections.models import Connection
from mantik.lib.filters import Filters
from mantik.lib.humanize import core_hours
from mantik.lib.live import Shown, nothing_new, part
from mantik.lib.paging import page_by_pk
from projects.models import Project
from projects.pages.project_list import ProjectFilter
from projects.permissions import Action, may, roles_in
from projects.views.loading import project_or_404
from runs.following.outcomes import may_change
from runs.models import Run
from runs.pages import figures
from runs.pages.rows import run_rows
from runs.pages.versions import list_version, right_for
from runs.registered_models.rows import newest_models
from runs.table.experiments import best_runs
from runs.unseen.failures import unseen_failures
from schedules.pages.rows import next_rows

# How much of each the overview of a project shows.
LATEST = 10
NEXT_SLOTS = 5
NEWEST_MODELS = 5
MOST_LISTED = 5
PROJECTS_PER_PAGE = 50
LAST_WEEK = timedelta(days=7)


@require_GET
def project_list(request: HttpRequest) -> HttpResponse:
    filters = ProjectFilter(request.GET, user=request.user, path=request.path)
    page = page_by_pk(
        filters.projects().prefetch_related("labels"), cursor=request.GET.get("page", ""), size=PROJECTS_PER_PAGE
    )
    roles = roles_in(page.rows, user=request.user) if request.user.is_authenticated else {}
    own = [project for project in page.rows if project.pk in roles]
    last_run, active = figures.last_run_by_project(page.rows), figures.active_by_project(own)
    context = {
        "filters": filters,
        "rows": [
            {
                "project": project,
                "labels": [(label.name, filters.query_of_label(label.name)) for label in project.labels.all()],
                "role": roles[project.pk].label if project.pk in roles else "",
                "runs_active": active.get(project.pk, 0),
                "last_run_at": last_run.get(project.pk),
            }
            for project in page.rows
        ],
        "page": page,
    }
    return render(request, "projects/list.html", context)


@require_GET
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """The overview of a project; for one without runs, a checklist of first steps for those who may take them."""
    now = timezone.now()
    shown = Shown(request, now=now)
    version = ""
    if shown.is_part:
        version = list_version(slug, QueryDict(), user=request.user.pk, most=LATEST, now=now)
    if shown.is_still(version):
        return nothing_new()
    project = project_or_404(request, slug)
    latest = list(Run.objects.filter(project=project).for_rows().newest_first()[:LATEST])
    is_live = any(may_change(run, now=now) for run in latest)
    context = {
        "project": project,
        "nav": "overview",
        "id": "run-rows",
        "rows": run_rows(latest, user=request.user, project=project, now=now),
        "filters": Filters(path=request.path),
        "live": shown.live(version, lasts=right_for(latest, now=now)) if is_live else None,
    }
    if shown.is_part:
        return part(request, "runs/_rows.html", context)
    around = _around_runs(request, project, has_runs=bool(latest), now=now)
    return render(request, "projects/overview.html", context | around)


def _around_runs(request: HttpRequest, project: Project, *, has_runs: bool, now: datetime) -> dict[str, Any]:
    """The overview but for its runs; for a project without runs, the first steps of those who may take them."""
    context: dict[str, Any] = {"labels": project.labels.in_order()}
    if has_runs:
        active = Run.objects.filter(project=project).active().for_rows().newest_first()[: MOST_LISTED + 1]
        rows = run_rows(list(active), user=request.user, project=project, now=now)
        used = _used(project, now=now)
        context |= {
            "figures": _figures(project, now=now),
            "unseen": unseen_failures(project, user=request.user, now=now),
            "active": rows[:MOST_LISTED],
            "has_more_active": len(rows) > MOST_LISTED,
            "used": used[:MOST_LISTED],
            "has_more_used": len(used) > MOST_LISTED,
            "models": newest_models(project, most=NEWEST_MODELS),
            "next_slots": next_rows(project, user=request.user, most=NEXT_SLOTS),
            "experiments": _experiments(project),
            "code_repositories": project.code_repositories.in_order()[:MOST_LISTED],
        }
    elif may(request.user, Action.ADD_RUN, project):
        context["steps"] = _first_steps(request, project)
    return context


def _experiments(project: Project) -> list[dict[str, Any]]:
    """Those in which something was started last, with their best runs."""
    found = figures.active_experiments(project, most=MOST_LISTED)
    best = best_runs(found)
    return [{"experiment": experiment, "best": best.get(experiment.pk)} for experiment in found]


def _used(project: Project, *, now: datetime) -> list[dict[str, str]]:
    """By account, the most used first, and one more than is shown; the figure above it is the sum of all."""
    rows = figures.used_by_account(project, since=now - LAST_WEEK, most=MOST_LISTED + 1)
    return [{"account": account or "no account", "used": core_hours(used)} for account, used in rows]


def _figures(project: Project, *, now: datetime) -> list[dict[str, Any]]:
    """They lead to lists of all such runs: a list's own period is that in which runs were created, not ended."""
    found = figures.figures(project, since=now - LAST_WEEK)
    runs = reverse("runs:list", args=[project.slug])
    week = "in the last 7 days"
    return [
        _figure("Active", found["active"], "now", "run" if found["active"] else "", f"{runs}?state=active"),
        _figure(
            "Failed",
            found["failed"],
            week,
            "bad" if found["failed"] else "",
            f"{runs}?state=failed",
        ),
        _figure(
            "Finished",
            found["finished"],
            week,
            "ok" if found["finished"] else "",
            f"{runs}?state=finished",
        ),
        _figure("Used", core_hours(found["core_hours"]), week, "", None),
    ]


def _figure(label: str, value: object, note: str, hue: str, url: str | None) -> dict[str, Any]:
    return {"label": label, "value": value, "note": note, "hue": hue, "url": url}


def _first_steps(request: HttpRequest, project: Project) -> list[dict[str, Any]]:
    may_code = may(request.user, Action.ADD_CODE_REPOSITORY, project)
    may_experiment = may(request.user, Action.ADD_EXPERIMENT, project)
    connected = Connection.objects.owned_by(request.user).for_sites().exists()
    return [
        _step(
            "Add a code repository",
            "Link the git repository that holds your MLproject file.",
            reverse("projects:code-add", args=[project.slug]) if may_code else None,
            done=project.code_repositories.exists(),
        ),
        _step(
            "Add a connection",
            "It holds your login at a UNICORE site. Runs are submitted with it.",
            f"{reverse('connections:add')}?{urlencode({'next': request.path})}",
            done=connected,
        ),
        _step(
            "Add an experiment",
            "It groups runs that belong together, in an MLflow experiment of its own.",
            reverse("projects:experiment-add", args=[project.slug]) if may_experiment else None,
            done=project.experiments.exists(),
        ),
        _step(
            "First run",
            "Fill in the form, check the preview, and press RUN!",
            reverse("runs:new", args=[project.slug]),
            done=False,
        ),
    ]


def _step(label: str, text: str, url: str | None, *, done: bool) -> dict[str, Any]:
    return {"label": label, "text": text, "url": url, "is_done": done}
