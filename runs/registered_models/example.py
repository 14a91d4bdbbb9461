"""Reads the beginning of a model's input example from MLflow, for its page."""

from __future__ import annotations

from dataclasses import dataclass

from connections.mlflow.errors import TrackingError, TrackingUnavailable
from connections.mlflow.model_files import model_files
from runs.registered_models.models import RegisteredModel
from runs.results.artifacts import is_inside

EXAMPLE_BYTES = 16 * 1024


@dataclass(frozen=True)
class Example:
    """An input example. `is_cut`: only the beginning is shown. `problem`: why its `text` cannot be shown now;
    `asks_again`: that may be over soon."""

    path: str
    text: str = ""
    is_cut: bool = False
    problem: str = ""
    asks_again: bool = False


def input_example(model: RegisteredModel) -> Example | None:
    """The input example of `model`; None if it has none."""
    path = model.input_example_path
    if not path or not is_inside(path):
        return None
    try:
        content = _beginning(model, path)
    except TrackingError as error:
        return Example(path, problem=error.message, asks_again=isinstance(error, TrackingUnavailable))
    shown = content[:EXAMPLE_BYTES]
    if b"\0" in shown:
        return Example(path, problem="This example is not text, so it is not shown here. Download the model to see it.")
    return Example(path, shown.decode(errors="replace"), is_cut=len(content) > EXAMPLE_BYTES)


def _beginning(model: RegisteredModel, path: str) -> bytes:
    content = b""
    with model_files().open(model.source, path) as opened:
        for piece in opened.pieces:
            content += piece
            if len(content) > EXAMPLE_BYTES:
                break
    return content
