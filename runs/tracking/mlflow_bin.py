"""Deletes the MLflow runs of deleted runs, if whoever deleted one asked for that: workers try until it is done.

MLflow keeps what is deleted in its bin, from where operators can restore it until they empty the bin.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import transaction

from connections.mlflow.errors import TrackingRefused, TrackingUnavailable
from connections.mlflow.for_workers import control
from mantik.audit.services import record
from runs.models import RetiredRun

log = structlog.get_logger(__name__)

# How many runs one sweep deals with.
BATCH = 50
# A sweep ends after this many requests to MLflow without an answer.
FAILURES = 3


def sweep(*, now: datetime) -> None:
    """Delete what is retired. A run about which MLflow did not answer is tried again after the others, later."""
    failures = 0
    for retired in RetiredRun.objects.select_related("project").order_by("retired_at", "pk")[:BATCH]:
        try:
            _put_into_bin(retired)
        except TrackingUnavailable as error:
            log.warning("deleted_run_waits_for_mlflow", reason=error.message)
            RetiredRun.objects.filter(pk=retired.pk).update(retired_at=now)
            failures += 1
            if failures == FAILURES:
                return


def _put_into_bin(retired: RetiredRun) -> None:
    """What MLflow refuses is on record and not tried again."""
    outcome = {"MLflow run": retired.mlflow_run_id}
    verb = "run.deleted_in_mlflow"
    try:
        control().delete_run(retired.mlflow_run_id)
    except TrackingRefused as error:
        verb, outcome = "run.kept_in_mlflow", {**outcome, "reason": error.message}
    with transaction.atomic():
        # Of two workers one says so.
        if RetiredRun.objects.filter(pk=retired.pk).delete()[0]:
            record(verb, actor=None, target=retired, project=retired.project, before=outcome)
