"""Says which runs use a project, an experiment or a code repository, before it is deleted."""

from __future__ import annotations

from mantik.lib.humanize import counted
from projects.models import CodeRepository, Experiment, Project
from projects.services.deletion import Dependent
from runs.models import RegisteredModel, Run
from runs.querysets import NEWEST_BY

RUNS_PER_DELETE = 200


def holds_experiment(experiment: Experiment) -> str:
    return _counted(Run.objects.filter(project=experiment.project_id, experiment=experiment).count(), "run")


def holds_code_repository(repository: CodeRepository) -> str:
    """Only active runs: runs that have ended keep copies of what they need."""
    runs = Run.objects.filter(project=repository.project_id, code_repository=repository)
    return _counted(runs.active().count(), "active run")


def holds_project(project: Project) -> str:
    active = _counted(Run.objects.filter(project=project).active().count(), "active run")
    models = _counted(RegisteredModel.objects.filter(project=project).count(), "registered model")
    return " and ".join(filter(None, (active, models)))


def empty_project(project: Project) -> None:
    """Delete the runs with their logs and events. None may have a registered model. MLflow and sites keep data."""
    runs = Run.objects.filter(project=project).order_by(NEWEST_BY, "pk")
    while batch := list(runs.values_list("pk", flat=True)[:RUNS_PER_DELETE]):
        Run.objects.filter(pk__in=batch).delete()


def _counted(count: int, word: str) -> str:
    return counted(count, word) if count else ""


DEPENDENT = Dependent(
    holds_experiment,
    holds_code_repository,
    holds_project,
    empty_project,
    frees_code_repository="Wait until each active run ends, or cancel it.",
)
