"""Stands in for MLflow where a page reads from it: a few files. Metrics are in our own rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from django.db import transaction

from connections.mlflow.errors import TrackingUnavailable
from connections.mlflow.values import ArtifactEntry, LoggedModel, ModelSource, OpenArtifact, RunData
from runs.models import Run
from runs.tracking.summaries.buckets import Point
from runs.tracking.summaries.take_in import take_in
from tests.support.logged_models import FILES as LOGGED

FILES = [
    ArtifactEntry("model", is_dir=True, size=None),
    ArtifactEntry("confusion.png", is_dir=False, size=48_210),
    ArtifactEntry("history.csv", is_dir=False, size=1_204),
]
KEYS = ("loss", "lr", "val_acc")
STEPS = 40
MODELS = ("m-" + "0" * 32, "m-" + "1" * 32)
IN_MODEL = [
    ArtifactEntry("model/MLmodel", is_dir=False, size=612),
    ArtifactEntry("model/model.pkl", is_dir=False, size=2_480_113),
]


class Tracking:
    """Answers as the clients of `connections.mlflow` for runs and for files of models do, for every run alike.

    A run whose MLflow id is "empty" has logged nothing, "one model" one model; "away" is a server that does not answer.
    """

    def _check(self, run_id: str) -> None:
        if run_id == "away":
            raise TrackingUnavailable("MLflow does not answer. Metrics and artifacts are shown when it does.")

    def run_data(self, run_id: str) -> RunData:
        self._check(run_id)
        last: dict[str, float | None] = {key: _value(key, STEPS - 1) for key in KEYS} if run_id != "empty" else {}
        models = {"empty": (), "one model": MODELS[:1]}.get(run_id, MODELS)
        return RunData(status="RUNNING", metrics=last, params={}, tags={}, models=models)

    def artifacts(self, run_id: str, path: str = "") -> list[ArtifactEntry]:
        self._check(run_id)
        if run_id == "empty":
            return []
        if run_id == "one model":
            return FILES[1:]
        return IN_MODEL if path == "model" else FILES

    def logged_model(self, model_id: str) -> LoggedModel:
        return LoggedModel(model_id, "resnet50", is_ready=True, logged_at=datetime(2026, 11, 23, 13, 2, tzinfo=UTC))

    @contextmanager
    def open(self, _source: ModelSource, path: str) -> Iterator[OpenArtifact]:
        yield OpenArtifact(len(LOGGED[path]), iter([LOGGED[path]]))


def log_metrics(run: Run, *, start: int = 0, stop: int = STEPS) -> None:
    """As if its training had logged these steps."""
    points = [
        Point("", key, _value(key, step), 1_764_000_000_000 + step, step) for step in range(start, stop) for key in KEYS
    ]
    with transaction.atomic():
        take_in(run, points)


def _value(key: str, step: int) -> float:
    jitter = 0.03 * math.sin(step * 12.9898)
    if key == "loss":
        return 0.08 + 0.8 * math.exp(-step / 9) + jitter * 0.6
    if key == "lr":
        return 0.0008 * 0.97**step
    return 0.9 - 0.85 * math.exp(-step / 9) + jitter
