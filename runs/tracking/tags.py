"""Tags in MLflow that mean something to Mantik. No client may set or delete one of Mantik's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

# Mantik's own begin with this.
OURS = "mantik."
# The run's UUID: the MLflow run is found by it if a worker died before it stored the run's id.
RUN_TAG = f"{OURS}run"
PROJECT_TAG = f"{OURS}project"
# MLflow's, on a child run: the id of the run that it is below.
PARENT_TAG = "mlflow.parentRunId"
# For a client that wants to set one of Mantik's own.
OWN_TAGS_REFUSED = f"Tags that begin with {OURS} are Mantik's own. Choose another name."

T = TypeVar("T")


def is_ours(key: str) -> bool:
    return key.startswith(OURS)


def without_ours(tags: Mapping[str, T]) -> dict[str, T]:
    return {key: value for key, value in tags.items() if not is_ours(key)}
