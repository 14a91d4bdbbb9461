"""Which models a run has logged, for its member to choose from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from connections.mlflow.errors import NotThere
from connections.mlflow.model_files import model_files
from connections.mlflow.tracking import tracking_client
from connections.mlflow.values import ModelSource
from runs.models import Run

MLMODEL = "MLmodel"
# Training keeps checkpoints; nobody chooses among more than these.
MOST_OFFERED = 50
# Folders below the artifacts in which a model may be.
_DEEPEST = 3
_MOST_FOLDERS = 60


@dataclass(frozen=True)
class Candidate:
    """A model that can be registered. `key` names it in the form, `label` on the page; `logged_at` may be unknown."""

    source: ModelSource
    label: str
    logged_at: datetime | None = None

    @property
    def key(self) -> str:
        return self.source.model_id or self.source.path

    @property
    def kind(self) -> str:
        return "Logged model" if self.source.model_id else "Folder among the run's artifacts"


def candidates(run: Run) -> list[Candidate]:
    """Those that were logged to their end, in the order in which they were logged, then the folders that hold one.

    Raises TrackingError.
    """
    if not run.mlflow_run_id:
        return []
    logged = tracking_client().run_data(run.mlflow_run_id).models[-MOST_OFFERED:]
    found = [*_logged(run, logged), *_in_artifacts(run)]
    return found[:MOST_OFFERED]


def _logged(run: Run, model_ids: tuple[str, ...]) -> Iterator[Candidate]:
    for model_id in dict.fromkeys(model_ids):
        with suppress(NotThere):
            model = model_files().logged_model(model_id)
            if model.is_ready:
                yield Candidate(ModelSource(run.mlflow_run_id, model_id=model_id), model.name, model.logged_at)


def _in_artifacts(run: Run) -> Iterator[Candidate]:
    """Folders with an MLmodel file in them, those nearest to the top first."""
    waiting, looked = [""], 0
    while waiting and looked < _MOST_FOLDERS:
        folder, looked = waiting.pop(0), looked + 1
        entries = tracking_client().artifacts(run.mlflow_run_id, folder)
        if folder and any(entry.path == f"{folder}/{MLMODEL}" for entry in entries):
            yield Candidate(ModelSource(run.mlflow_run_id, path=folder), folder)
        elif folder.count("/") < _DEEPEST - 1:
            waiting += [entry.path for entry in entries if entry.is_dir]
