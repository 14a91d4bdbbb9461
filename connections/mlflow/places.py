"""Where the files of runs and models are, in either of the two ways that MLflow has for handing them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from connections.mlflow import paths
from connections.mlflow.parsing import as_mlflow_answers
from connections.mlflow.transport import Transport
from connections.mlflow.values import ModelSource

# How many places are remembered.
_MOST = 1000


@dataclass(frozen=True)
class Address:
    """Where a file is. `doing` completes "MLflow refused to ..."."""

    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    doing: str = "hand out a file"
    # By the server that keeps it, which has words of its own for what is no file.
    is_served: bool = False


@dataclass(frozen=True)
class Question:
    """What MLflow is asked about a source."""

    path: str
    query: Mapping[str, Any]


class KnownPlaces:
    """Thread-safe. Whoever uses it asks `question` of MLflow, in a thread or in an event loop, and tells the answer.

    `doing`: what it is asked for.
    """

    def __init__(self, *, doing: str) -> None:
        self._doing = doing
        self._known: dict[ModelSource, str] = {}

    def question(self, source: ModelSource, path: str) -> Question | None:
        """What has to be asked before the address of this file is known; None if nothing has to."""
        if source in self._known or not _may_be_served(path):
            return None
        if source.model_id:
            return Question(paths.LOGGED_MODEL.format(model_id=source.model_id), {})
        return Question(paths.RUN, {"run_id": source.run_id})

    def learn(self, source: ModelSource, answer: Mapping[str, Any]) -> None:
        """Where a source is never changes. Raises TrackingError if MLflow does not answer like this."""
        with as_mlflow_answers():
            place = _served(_uri(source, answer))
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[source] = place

    def address(self, source: ModelSource, path: str) -> Address:
        """The address of a file below `source`, about which nothing has to be asked (any more)."""
        if _may_be_served(path) and (place := self._known.get(source)):
            return Address(paths.SERVED_FILE.format(path=quote(f"{place}/{path}")), {}, self._doing, is_served=True)
        if source.model_id:
            call = paths.LOGGED_MODEL_FILE.format(model_id=source.model_id)
            return Address(call, {"artifact_file_path": path}, self._doing)
        below = f"{source.path}/{path}" if source.path else path
        return Address(paths.ARTIFACT, {"run_id": source.run_id, "path": below}, self._doing)


class Places:
    """Thread-safe. `doing`: what it is asked for."""

    def __init__(self, http: Transport, *, doing: str) -> None:
        self._http, self._doing = http, doing
        self._known = KnownPlaces(doing=doing)

    def address(self, source: ModelSource, path: str) -> Address:
        """The address of a file below `source`. Asks MLflow once for each source. Raises TrackingError."""
        if question := self._known.question(source, path):
            self._known.learn(source, self._http.get(question.path, question.query, doing=self._doing))
        return self._known.address(source, path)


def _may_be_served(path: str) -> bool:
    """MLflow decodes such an address again and again until it no longer changes, so a name with a % is not found."""
    return "%" not in path


def _uri(source: ModelSource, answer: Mapping[str, Any]) -> str:
    if source.model_id:
        return str(answer["model"]["info"]["artifact_uri"])
    return f"{answer['run']['info']['artifact_uri']}/{source.path}"


def _served(uri: str) -> str:
    """The folder, if the server keeps it itself: such files are served several times as quickly. "" if it does not."""
    parts = urlsplit(uri)
    return parts.path.strip("/") if parts.scheme == "mlflow-artifacts" and not parts.netloc else ""
