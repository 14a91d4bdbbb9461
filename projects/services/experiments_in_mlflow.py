"""Renames and deletes MLflow's experiments as ours were: workers do so after the commit, and try until it is done."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import structlog

from connections.mlflow.errors import TrackingRefused, TrackingUnavailable
from connections.mlflow.for_workers import control
from projects.models import Experiment, RetiredExperiment

log = structlog.get_logger(__name__)

# How many renamed and how many deleted experiments one sweep deals with.
BATCH = 50
# A sweep ends after this many requests to MLflow without an answer.
FAILURES = 3


def sweep(*, now: datetime) -> None:
    """Rename and delete in MLflow the experiments that members renamed and deleted.

    What MLflow refuses is logged and not tried again. An experiment about which MLflow did not answer is tried again
    after the others, in a later sweep.
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
    # A name that was given after this row was read stays due.
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
