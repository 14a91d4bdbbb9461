"""Pages composed of several rooms: each room gives its rows, nothing here decides anything."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from connections.models import Connection
from mantik.lib.humanize import core_hours
from projects.access import project_or_404
from projects.models import Project
from projects.permissions import Action, Role, may
from runs import reports
from runs.models import Run
from runs.rows import run_rows

LATEST = 10
LAST_WEEK = timedelta(days=7)


@require_GET
def project_list(request: HttpRequest) -> HttpResponse:
    own = list(Project.objects.joined_by(request.user).order_by("name", "pk")[:200])
    public = list(
        Project.objects.visible_to(request.user).exclude(pk__in=[p.pk for p in own]).order_by("name", "pk")[:200]
    )
    last_run, active = reports.last_run_by_project(own + public), reports.active_by_project(own)
    roles = _roles(request) if own else {}
    context = {
        "own_projects": [
            {
                "project": project,
                "role": roles.get(project.pk, ""),
                "runs_active": active.get(project.pk, 0),
                "last_run_at": last_run.get(project.pk),
            }
            for project in own
        ],
        "public_projects": [{"project": project, "last_run_at": last_run.get(project.pk)} for project in public],
    }
    return render(request, "projects/list.html", context)


def _roles(request: HttpRequest) -> dict[int, str]:
    assert request.user.is_authenticated
    memberships = request.user.memberships.values_list("project", "role")
    return {project: Role(role).label for project, role in memberships}


@require_GET
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    """What a member needs on Monday morning; for a project without runs, what to do first."""
    project = project_or_404(request, slug)
    now = timezone.now()
    latest = list(Run.objects.filter(project=project).for_rows().order_by("-pk")[:LATEST])
    context: dict[str, Any] = {"project": project, "room": "overview"}
    if latest:
        context |= {
            "rows": run_rows(latest, user=request.user, project=project, now=now),
            "live_url": request.path if any(run.is_active for run in latest) else None,
            "figures": _figures(project),
            "experiments": project.experiments.in_order()[:5],
            "code_repositories": project.code_repositories.in_order()[:5],
        }
    else:
        context["steps"] = _first_steps(request, project)
    return render(request, "projects/overview.html", context)


def _figures(project: Project) -> list[dict[str, Any]]:
    found = reports.figures(project, since=timezone.now() - LAST_WEEK)
    runs = reverse("runs:list", args=[project.slug])
    week = "in the last 7 days"
    return [
        _figure("Active", found["active"], "now", "run" if found["active"] else "", f"{runs}?state=active"),
        _figure(
            "Failed",
            found["failed"],
            week,
            "bad" if found["failed"] else "",
            f"{runs}?state=failed&period=week",
        ),
        _figure(
            "Finished",
            found["finished"],
            week,
            "ok" if found["finished"] else "",
            f"{runs}?state=finished&period=week",
        ),
        _figure("Used", core_hours(found["core_hours"]), week, "", None),
    ]


def _figure(label: str, value: object, note: str, hue: str, url: str | None) -> dict[str, Any]:
    return {"label": label, "value": value, "note": note, "hue": hue, "url": url}


def _first_steps(request: HttpRequest, project: Project) -> list[dict[str, Any]]:
    may_code = may(request.user, Action.ADD_CODE_REPOSITORY, project)
    may_experiment = may(request.user, Action.ADD_EXPERIMENT, project)
    may_run = may(request.user, Action.ADD_RUN, project)
    connected = Connection.objects.owned_by(request.user).for_sites().exists()
    return [
        _step(
            "Connect code",
            "Link the git repository that holds your MLproject file.",
            reverse("projects:code-add", args=[project.slug]) if may_code else None,
            done=project.code_repositories.exists(),
        ),
        _step(
            "Add a connection",
            "Your login at an HPC site; runs are submitted with it.",
            reverse("connections:add") if request.user.is_authenticated else None,
            done=connected,
        ),
        _step(
            "Create an experiment",
            "A named group of runs, with its own MLflow experiment.",
            reverse("projects:experiment-add", args=[project.slug]) if may_experiment else None,
            done=project.experiments.exists(),
        ),
        _step(
            "First run",
            "Fill in the form, look at the preview, press RUN!",
            reverse("runs:new", args=[project.slug]) if may_run else None,
            done=False,
        ),
    ]


def _step(label: str, text: str, url: str | None, *, done: bool) -> dict[str, Any]:
    return {"label": label, "text": text, "url": url, "is_done": done}


@require_GET
def experiments(request: HttpRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug)
    found = list(project.experiments.in_order().select_related("created_by"))
    last = reports.last_run_by_experiment(found)
    runs = reverse("runs:list", args=[project.slug])
    context = {
        "project": project,
        "room": "experiments",
        "rows": [
            {
                "experiment": experiment,
                "runs_url": f"{runs}?experiment={experiment.uuid}",
                "last_run_at": last[experiment.pk].created_at if experiment.pk in last else None,
                "badge": last[experiment.pk].badge if experiment.pk in last else None,
            }
            for experiment in found
        ],
        "may_add": may(request.user, Action.ADD_EXPERIMENT, project),
    }
    return render(request, "projects/experiments.html", context)
