"""The beginning of a model's input example, read from MLflow when a page asks for it."""

from __future__ import annotations

from dataclasses import dataclass

from connections.mlflow.errors import TrackingError
from connections.mlflow.model_files import model_files
from runs.registered_models.models import RegisteredModel
from runs.results.artifacts import is_inside

MOST_BYTES = 16 * 1024


@dataclass(frozen=True)
class Example:
    """`problem`: why there is no `text` now. `is_cut`: there is more of it."""

    path: str
    text: str = ""
    is_cut: bool = False
    problem: str = ""


def input_example(model: RegisteredModel) -> Example | None:
    """None if the model has none."""
    path = model.input_example_path
    if not path or not is_inside(path):
        return None
    try:
        content = _beginning(model, path)
    except TrackingError as error:
        return Example(path, problem=error.message)
    shown = content[:MOST_BYTES]
    if b"\0" in shown:
        return Example(path, problem="It is not text, so it is not shown here. It is among the files of the model.")
    return Example(path, shown.decode(errors="replace"), is_cut=len(content) > MOST_BYTES)


def _beginning(model: RegisteredModel, path: str) -> bytes:
    content = b""
    with model_files().open(model.source, path) as opened:
        for piece in opened.pieces:
            content += piece
            if len(content) > MOST_BYTES:
                break
    return content
