"""Finds the models that a run has logged, to choose from. Workers ask MLflow; pages read what workers have stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connections.mlflow.errors import NotThere
from connections.mlflow.model_files import model_files
from connections.mlflow.tracking import tracking_client
from connections.mlflow.values import ModelSource
from mantik.lib.humanize import counted
from runs.models import Run
from runs.results.artifacts import is_inside

MLMODEL = "MLmodel"
# How many models are offered: a training may log many checkpoints.
MOST_OFFERED = 50
# How many logged models MLflow is asked about, with a request for each.
_MOST_ASKED = 500
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
# How deep below the artifacts a folder with a model may be, and how many folders are searched, with a request for each.
_FOLDER_LEVELS = 3
_MOST_FOLDERS = 60
# As MLflow names logged models.
_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")


@dataclass(frozen=True)
class Candidate:
    """A model that can be registered. `key` identifies it in the form, `label` on the page."""

    source: ModelSource
    label: str
    logged_at: datetime | None = None

    @property
    def key(self) -> str:
        return self.source.model_id or self.source.path

    @property
    def kind(self) -> str:
        return "Logged model" if self.source.model_id else "Folder among the run's artifacts"

    @property
    def stored(self) -> dict[str, str]:
        """The candidate as it is stored in JSON; `of` reads it."""
        at = self.logged_at.isoformat() if self.logged_at else ""
        return {"model_id": self.source.model_id, "path": self.source.path, "label": self.label, "logged_at": at}

    @classmethod
    def of(cls, run: Run, stored: Mapping[str, Any]) -> Candidate:
        source = ModelSource(run.mlflow_run_id, stored["model_id"], stored["path"])
        at = stored["logged_at"]
        return cls(source, stored["label"], datetime.fromisoformat(at) if at else None)


@dataclass(frozen=True)
class Found:
    """The candidates, and a `note` on what is left out, "" if nothing is."""

    candidates: list[Candidate]
    note: str


def source_named(run: Run, key: str) -> ModelSource | None:
    """The source that `key` stands for, without asking which models the run has; None if it cannot be a key.

    When a worker registers the model, it finds out whether the run has it.
    """
    if _MODEL_ID.fullmatch(key):
        return ModelSource(run.mlflow_run_id, model_id=key)
    return ModelSource(run.mlflow_run_id, path=key) if is_inside(key) else None


def find_candidates(run: Run, *, on_step: Callable[[], None] = lambda: None) -> Found:
    """Find models that are logged completely, in the order in which they were logged, then folders with a model.

    For workers, because each logged model and each folder costs a request. `on_step` is called before each of these.
    Raises TrackingError.
    """
    if not run.mlflow_run_id:
        return Found([], "")
    # MLflow lists them in no order, so as many as may be are looked at before the latest are chosen.
    ids = list(dict.fromkeys(tracking_client().run_data(run.mlflow_run_id).models))
    logged = sorted(_logged(run, ids[:_MOST_ASKED], on_step), key=lambda one: one.logged_at or _LONG_AGO)
    search = _Folders(run, on_step)
    found = [*logged[-MOST_OFFERED:], *search.with_models()]
    left_out = len(logged[:-MOST_OFFERED]) + len(found[MOST_OFFERED:])
    notes = []
    if left_out:
        more = counted(left_out, "more model is", "more models are")
        notes.append(
            f"{more} not listed: Mantik lists at most {MOST_OFFERED}, and prefers those that were logged last."
        )
    if len(ids) > _MOST_ASKED:
        notes.append(f"Only {_MOST_ASKED} of the {len(ids)} models that the run has logged were looked at.")
    if search.waiting:
        notes.append(
            f"Mantik searched only {counted(search.looked, 'folder')} of the run's artifacts, beginning at the top."
        )
    return Found(found[:MOST_OFFERED], " ".join(notes))


def _logged(run: Run, model_ids: list[str], on_step: Callable[[], None]) -> Iterator[Candidate]:
    for model_id in model_ids:
        on_step()
        with suppress(NotThere):
            model = model_files().logged_model(model_id)
            if model.is_ready:
                yield Candidate(ModelSource(run.mlflow_run_id, model_id=model_id), model.name, model.logged_at)


class _Folders:
    """The search for folders with an MLmodel file. Folders that are `waiting` afterwards were not searched."""

    def __init__(self, run: Run, on_step: Callable[[], None]) -> None:
        self.run, self.on_step = run, on_step
        self.waiting, self.looked = [""], 0

    def with_models(self) -> Iterator[Candidate]:
        """Search the folders, those nearest to the top first."""
        while self.waiting and self.looked < _MOST_FOLDERS:
            self.on_step()
            folder, self.looked = self.waiting.pop(0), self.looked + 1
            entries = tracking_client().artifacts(self.run.mlflow_run_id, folder)
            if folder and any(entry.path == f"{folder}/{MLMODEL}" for entry in entries):
                yield Candidate(ModelSource(self.run.mlflow_run_id, path=folder), folder)
            elif folder.count("/") < _FOLDER_LEVELS - 1:
                self.waiting += [entry.path for entry in entries if entry.is_dir]
