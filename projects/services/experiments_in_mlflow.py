"""Keeping MLflow's experiments in step with ours: by workers, after the commit, again until MLflow has it."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import structlog

from connections.mlflow.errors import TrackingRefused, TrackingUnavailable
from connections.mlflow.for_workers import control
from projects.models import Experiment, RetiredExperiment

log = structlog.get_logger(__name__)

# At most so many of each kind in one sweep.
BATCH = 50
FAILURES = 3


def sweep(*, now: datetime) -> None:
    """Bring MLflow in step with renamed and deleted experiments. What it refuses for good is logged.

    If it does not answer, the others are tried first; after FAILURES of these the sweep ends until the next time.
    """
    renamed = [partial(_tell_name, one, now=now) for one in Experiment.objects.rename_due()[:BATCH]]
    retired = [partial(_put_into_bin, one, now=now) for one in RetiredExperiment.objects.order_by("retired_at")[:BATCH]]
    failures = 0
    for tell in [*renamed, *retired]:
        try:
            tell()
        except TrackingUnavailable as error:
            log.warning("experiment_waits_for_mlflow", reason=error.message)
            failures += 1
            if failures == FAILURES:
                return


def _tell_name(experiment: Experiment, *, now: datetime) -> None:
    # A name given since then is still due.
    same = Experiment.objects.filter(pk=experiment.pk, rename_due_at=experiment.rename_due_at)
    try:
        control().rename_experiment(experiment.mlflow_experiment_id, experiment.mlflow_name)
    except TrackingRefused as error:
        log.warning("experiment_not_renamed", experiment=str(experiment.uuid), reason=error.message)
    except TrackingUnavailable:
        same.update(rename_due_at=now)
        raise
    same.update(rename_due_at=None)


def _put_into_bin(retired: RetiredExperiment, *, now: datetime) -> None:
    try:
        control().delete_experiment(retired.mlflow_experiment_id)
    except TrackingRefused as error:
        log.warning("experiment_not_deleted", mlflow_id=retired.mlflow_experiment_id, reason=error.message)
    except TrackingUnavailable:
        RetiredExperiment.objects.filter(pk=retired.pk).update(retired_at=now)
        raise
    retired.delete()
