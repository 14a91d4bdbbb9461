"""Adding, editing and deleting experiments. Workers change MLflow's afterwards: `experiments_in_mlflow.py`."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from mantik.accounts.models import User
from mantik.audit.services import record
from mantik.lib.name_keys import keyed
from mantik.lib.queue import send_on_commit
from projects.models import Experiment, Project, RetiredExperiment
from projects.permissions import Action, may
from projects.services.deletion import what_holds_experiment
from projects.services.projects import NameTaken


class InUse(Exception):
    """The experiment cannot be deleted; the text tells the member why."""


def add_experiment(*, project: Project, user: User, name: str, description: str) -> Experiment:
    """Add an experiment. A worker makes the MLflow experiment when the first run needs it. Raises NameTaken."""
    try:
        with transaction.atomic():
            experiment = Experiment.objects.create(project=project, created_by=user, name=name, description=description)
            values = {"name": name, "description": description}
            record("experiment.added", actor=user, target=experiment, project=project, after=values)
    except IntegrityError:
        raise NameTaken from None
    return experiment


def may_edit(user: User, experiment: Experiment) -> bool:
    """Whether `user` may rename, edit and delete `experiment`."""
    if may(user, Action.EDIT_ANY_EXPERIMENT, experiment.project):
        return True
    return experiment.created_by_id == user.pk and may(user, Action.EDIT_OWN_EXPERIMENT, experiment.project)


def edit_experiment(*, experiment: Experiment, actor: User, name: str, description: str, now: datetime) -> None:
    """Change name and description. A worker renames the MLflow experiment. Raises NameTaken."""
    asked = {"name": name, "description": description}
    before = {
        field: getattr(experiment, field) for field, value in asked.items() if getattr(experiment, field) != value
    }
    if not before:
        return
    after = {field: asked[field] for field in before}
    due = {"rename_due_at": now} if "name" in after else {}
    try:
        with transaction.atomic():
            Experiment.objects.filter(pk=experiment.pk).update(**keyed(Experiment, after), **due)
            for field, value in after.items():
                setattr(experiment, field, value)
            changed = {"before": before, "after": after}
            record("experiment.edited", actor=actor, target=experiment, project=experiment.project, **changed)
            if due:
                send_on_commit("projects.tasks.sweep_experiments")
    except IntegrityError:
        raise NameTaken from None


def delete_experiment(*, experiment: Experiment, actor: User, now: datetime) -> None:
    """Delete an experiment; one that is gone already is no error. Raises InUse while runs or schedules are in it.

    A worker deletes the MLflow experiment, which can be restored in MLflow.
    """
    with transaction.atomic():
        # Whoever adds a run to it meanwhile waits for this lock, and then finds the experiment deleted.
        stored = Experiment.objects.select_for_update().filter(pk=experiment.pk).first()
        if stored is None:
            return
        if held := what_holds_experiment(stored):
            raise InUse(f"{stored.name} holds {held}. Delete that first: only an empty experiment can be deleted.")
        if stored.mlflow_experiment_id:
            RetiredExperiment.objects.create(mlflow_experiment_id=stored.mlflow_experiment_id, retired_at=now)
            send_on_commit("projects.tasks.sweep_experiments")
        values = {"name": stored.name, "description": stored.description}
        record("experiment.deleted", actor=actor, target=experiment, project=experiment.project, before=values)
        stored.delete()
