"""The models that a run has logged, to choose from. Workers ask MLflow for them; pages read what those have stored."""

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
# A training may keep many checkpoints; so many are offered.
MOST_OFFERED = 50
_MOST_ASKED = 500
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
# Folders below the artifacts in which a model may be.
_DEEPEST = 3
_MOST_FOLDERS = 60
# As MLflow names logged models.
_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")


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

    @property
    def stored(self) -> dict[str, str]:
        """As JSON holds it."""
        at = self.logged_at.isoformat() if self.logged_at else ""
        return {"model_id": self.source.model_id, "path": self.source.path, "label": self.label, "logged_at": at}

    @classmethod
    def of(cls, run: Run, stored: Mapping[str, Any]) -> Candidate:
        source = ModelSource(run.mlflow_run_id, stored["model_id"], stored["path"])
        at = stored["logged_at"]
        return cls(source, stored["label"], datetime.fromisoformat(at) if at else None)


@dataclass(frozen=True)
class Found:
    """`note` says in a sentence what is left out, "" if nothing is."""

    candidates: list[Candidate]
    note: str


def source_named(run: Run, key: str) -> ModelSource | None:
    """What somebody has chosen who knows its key, without a list; None if that can be no key.

    Whether the run has it, a worker finds out when it registers the model.
    """
    if _MODEL_ID.fullmatch(key):
        return ModelSource(run.mlflow_run_id, model_id=key)
    return ModelSource(run.mlflow_run_id, path=key) if is_inside(key) else None


def find_candidates(run: Run, *, on_step: Callable[[], None] = lambda: None) -> Found:
    """Completely logged models in the order in which they were logged, then folders with a model.

    For workers: one request for each. `on_step` is called before each. Raises TrackingError.
    """
    if not run.mlflow_run_id:
        return Found([], "")
    # MLflow lists them in no order, so all of them are looked at.
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
    """The search for folders with an MLmodel file. What is still `waiting` afterwards was one too many."""

    def __init__(self, run: Run, on_step: Callable[[], None]) -> None:
        self.run, self.on_step = run, on_step
        self.waiting, self.looked = [""], 0

    def with_models(self) -> Iterator[Candidate]:
        """Those nearest to the top first."""
        while self.waiting and self.looked < _MOST_FOLDERS:
            self.on_step()
            folder, self.looked = self.waiting.pop(0), self.looked + 1
            entries = tracking_client().artifacts(self.run.mlflow_run_id, folder)
            if folder and any(entry.path == f"{folder}/{MLMODEL}" for entry in entries):
                yield Candidate(ModelSource(self.run.mlflow_run_id, path=folder), folder)
            elif folder.count("/") < _DEEPEST - 1:
                self.waiting += [entry.path for entry in entries if entry.is_dir]
