"""What belongs to a run in MLflow, and what a journal wants to add to that: nothing that is somebody else's."""

from __future__ import annotations

import re
from datetime import datetime

from django.db import IntegrityError, transaction

from connections.mlflow.errors import TrackingRefused
from connections.mlflow.for_workers import writer
from runs.models import Run, TrackedItem
from runs.tracking.journals.entries import Child, Model
from runs.tracking.journals.passed_over import NOT_NEW, NOT_OF_JOB, OWN_TAGS, TOO_MANY, PassedOver
from runs.tracking.tags import PARENT_TAG, is_ours, without_ours

Kind = TrackedItem.Kind

# Child runs and logged models of a run. A search through parameters has thousands.
_MOST = 10_000
_IDS = {Kind.RUN: re.compile(r"[0-9a-f]{32}"), Kind.MODEL: re.compile(r"m-[0-9a-f]{32}")}


class Tree:
    """The run of a job, its child runs and logged models, by their ids in MLflow. Only its worker adds to them."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._kinds = {run.mlflow_run_id: Kind.RUN}
        for mlflow_id, kind in run.tracked_items.values_list("mlflow_id", "kind"):
            self._kinds[mlflow_id] = Kind(kind)

    def require(self, kind: Kind, *mlflow_ids: str) -> None:
        """Raises PassedOver unless all of them are the run's."""
        if any(self._kinds.get(one) != kind for one in mlflow_ids):
            raise PassedOver(NOT_OF_JOB)

    def has(self, kind: Kind, mlflow_id: str) -> bool:
        return self._kinds.get(mlflow_id) == kind

    def add_child(self, child: Child, *, now: datetime) -> None:
        """Raises PassedOver, TrackingUnavailable and TrackingRefused."""
        tags = dict(child.tags)
        tags[PARENT_TAG] = tags.get(PARENT_TAG) or self._run.mlflow_run_id
        self.require(Kind.RUN, tags[PARENT_TAG])
        is_new = self._track(Kind.RUN, child.run, now=now)
        try:
            writer().create_run(
                child.run,
                self._run.mlflow_experiment_id,
                name=child.name,
                user=self._run.created_by.username,
                start=child.start,
                tags=without_ours(tags),
            )
        except TrackingRefused:
            self._untrack(child.run, is_new=is_new)
            raise

    def add_model(self, model: Model, *, now: datetime) -> None:
        """As `add_child`."""
        self.require(Kind.RUN, model.run)
        is_new = self._track(Kind.MODEL, model.model, now=now)
        try:
            writer().create_model(
                model.model,
                self._run.mlflow_experiment_id,
                run_id=model.run,
                name=model.name,
                kind=model.kind,
                params=model.params,
                tags=without_ours(model.tags),
            )
        except TrackingRefused:
            self._untrack(model.model, is_new=is_new)
            raise

    def _track(self, kind: Kind, mlflow_id: str, *, now: datetime) -> bool:
        """Writes down whose it will be, before MLflow is asked to make it. False if that is written already: then
        whoever applied this entry before did not get to its end. Raises PassedOver for what is somebody else's."""
        if mlflow_id == self._run.mlflow_run_id or not _IDS[kind].fullmatch(mlflow_id):
            raise PassedOver(NOT_NEW)
        if mlflow_id in self._kinds:
            return False
        if len(self._kinds) > _MOST:
            raise PassedOver(TOO_MANY)
        if Run.objects.filter(mlflow_run_id=mlflow_id).exists() or _mlflow_knows(kind, mlflow_id):
            raise PassedOver(NOT_NEW)
        try:
            with transaction.atomic():
                TrackedItem.objects.create(run=self._run, kind=kind, mlflow_id=mlflow_id, created_at=now)
        except IntegrityError:
            raise PassedOver(NOT_NEW) from None
        self._kinds[mlflow_id] = kind
        return True

    def _untrack(self, mlflow_id: str, *, is_new: bool) -> None:
        """What MLflow refuses to make leaves no row."""
        if is_new:
            TrackedItem.objects.filter(run=self._run, mlflow_id=mlflow_id).delete()
            del self._kinds[mlflow_id]


def require_not_ours(*keys: str) -> None:
    """Raises PassedOver for a tag of Mantik's own."""
    if any(map(is_ours, keys)):
        raise PassedOver(OWN_TAGS)


def _mlflow_knows(kind: Kind, mlflow_id: str) -> bool:
    return writer().knows_run(mlflow_id) if kind is Kind.RUN else writer().knows_model(mlflow_id)
