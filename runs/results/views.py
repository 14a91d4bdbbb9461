"""The experiments of a project, with what has run in them. Below the project's address, wired in mantik/urls.py."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from mantik.lib.badges import badge_text
from projects.permissions import Action, may
from projects.services.experiments import may_edit
from projects.views.loading import project_or_404
from runs.models import Run
from runs.pages import figures
from runs.table.experiments import best_by_experiment, runs_by_experiment


@require_GET
def experiment_list(request: HttpRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug)
    found = list(project.experiments.in_order().select_related("created_by", "project"))
    last = figures.last_run_by_experiment(found)
    counts, best = runs_by_experiment(found), best_by_experiment(found)
    context = {
        "project": project,
        "nav": "experiments",
        "rows": [
            {
                "experiment": experiment,
                "url": reverse("projects:experiment", args=[project.slug, experiment.uuid]),
                "runs": badge_text(counts[experiment.pk]),
                "best": best.get(experiment.pk),
                "active_at": last_activity(last[experiment.pk]) if experiment.pk in last else None,
                "badge": last[experiment.pk].badge if experiment.pk in last else None,
                "may_edit": request.user.is_authenticated and may_edit(request.user, experiment),
            }
            for experiment in found
        ],
        "may_add": may(request.user, Action.ADD_EXPERIMENT, project),
    }
    return render(request, "projects/experiments.html", context)


def last_activity(run: Run) -> datetime:
    return run.ended_at or run.created_at
