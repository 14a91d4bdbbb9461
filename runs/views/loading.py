"""Loading a run or experiment for a view: 404 for people outside the project, 403 for members who may not."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from projects.models import Experiment
from projects.permissions import Action
from projects.views.loading import project_or_404
from runs.models import Run


def run_or_404(request: HttpRequest, slug: str, uuid: UUID, action: Action = Action.VIEW_PROJECT) -> Run:
    project = project_or_404(request, slug, action)
    run: Run = get_object_or_404(
        Run.objects.filter(project=project).select_related(
            "experiment", "code_repository", "created_by", "connection__site", "cancel_requested_by", "registered_model"
        ),
        uuid=uuid,
    )
    run.project = project
    return run


def experiment_or_404(request: HttpRequest, slug: str, uuid: UUID) -> Experiment:
    project = project_or_404(request, slug)
    experiment: Experiment = get_object_or_404(project.experiments.all(), uuid=uuid)
    experiment.project = project
    return experiment
