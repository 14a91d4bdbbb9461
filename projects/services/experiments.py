"""Experiments, and keeping MLflow's own in step: by workers, after the commit, again until MLflow has it."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import structlog
from django.db import IntegrityError, transaction

from connections.mlflow.errors import TrackingRefused, TrackingUnavailable
from connections.mlflow.tracking import tracking_client
from mantik.accounts.models import User
from mantik.audit.services import record
from mantik.lib.queue import send_on_commit
from projects.models import Experiment, Project, RetiredExperiment
from projects.permissions import Action, may
from projects.services.deletion import what_holds_experiment
from projects.services.projects import NameTaken

log = structlog.get_logger(__name__)

# So many of each kind in one go of the sweep.
BATCH = 50
FAILURES = 3


class InUse(Exception):
    """It cannot be deleted; the text says why, for the member."""


def add_experiment(*, project: Project, user: User, name: str, description: str) -> Experiment:
    """Raises NameTaken. The MLflow experiment is made by a worker, when the first run needs it."""
    try:
        with transaction.atomic():
            experiment = Experiment.objects.create(project=project, created_by=user, name=name, description=description)
            told = {"name": name, "description": description}
            record("experiment.added", actor=user, target=experiment, project=project, after=told)
    except IntegrityError:
        raise NameTaken from None
    return experiment


def may_edit(user: User, experiment: Experiment) -> bool:
    """Whether `user` may rename, edit and delete it."""
    if may(user, Action.EDIT_ANY_EXPERIMENT, experiment.project):
        return True
    return experiment.created_by_id == user.pk and may(user, Action.EDIT_OWN_EXPERIMENT, experiment.project)


def edit_experiment(*, experiment: Experiment, actor: User, name: str, description: str, now: datetime) -> None:
    """Raises NameTaken. A worker tells MLflow of a new name."""
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
            Experiment.objects.filter(pk=experiment.pk).update(**after, **due)
            for field, value in after.items():
                setattr(experiment, field, value)
            changed = {"before": before, "after": after}
            record("experiment.edited", actor=actor, target=experiment, project=experiment.project, **changed)
            if due:
                send_on_commit("projects.tasks.sweep_experiments")
    except IntegrityError:
        raise NameTaken from None


def delete_experiment(*, experiment: Experiment, actor: User, now: datetime) -> None:
    """Raises InUse while runs are in it. A worker puts MLflow's own into MLflow's bin."""
    with transaction.atomic():
        # Who adds a run to it meanwhile waits at this lock, and then finds it gone.
        stored = Experiment.objects.select_for_update().get(pk=experiment.pk)
        if held := what_holds_experiment(stored):
            raise InUse(f"{stored.name} holds {held}. Delete them first; an experiment goes when it is empty.")
        if stored.mlflow_experiment_id:
            RetiredExperiment.objects.create(mlflow_experiment_id=stored.mlflow_experiment_id, retired_at=now)
            send_on_commit("projects.tasks.sweep_experiments")
        told = {"name": stored.name, "description": stored.description}
        record("experiment.deleted", actor=actor, target=experiment, project=experiment.project, before=told)
        stored.delete()


def sweep(*, now: datetime) -> None:
    """For workers: tell MLflow what it does not know yet. What it refuses for good is logged and left.

    What it does not answer waits behind the rest, and after FAILURES such MLflow is left alone until the next time.
    """
    renamed = [partial(_tell_name, one, now=now) for one in Experiment.objects.rename_due()[:BATCH]]
    retired = [partial(_put_into_bin, one, now=now) for one in RetiredExperiment.objects.order_by("retired_at")[:BATCH]]
    failures = 0
    for tell in [*renamed, *retired]:
        try:
            tell()
        except TrackingUnavailable as error:
            log.warning("experiment_not_told", reason=error.message)
            failures += 1
            if failures == FAILURES:
                return


def _tell_name(experiment: Experiment, *, now: datetime) -> None:
    # A name given since then is still due.
    same = Experiment.objects.filter(pk=experiment.pk, rename_due_at=experiment.rename_due_at)
    try:
        tracking_client().rename_experiment(experiment.mlflow_experiment_id, experiment.mlflow_name)
    except TrackingRefused as error:
        log.warning("experiment_not_renamed", experiment=str(experiment.uuid), reason=error.message)
    except TrackingUnavailable:
        same.update(rename_due_at=now)
        raise
    same.update(rename_due_at=None)


def _put_into_bin(retired: RetiredExperiment, *, now: datetime) -> None:
    try:
        tracking_client().delete_experiment(retired.mlflow_experiment_id)
    except TrackingRefused as error:
        log.warning("experiment_not_deleted", mlflow_id=retired.mlflow_experiment_id, reason=error.message)
    except TrackingUnavailable:
        RetiredExperiment.objects.filter(pk=retired.pk).update(retired_at=now)
        raise
    retired.delete()
