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


class Places:
    """Thread-safe. `doing`: what it is asked for."""

    def __init__(self, http: Transport, *, doing: str) -> None:
        self._http, self._doing = http, doing
        self._known: dict[ModelSource, str] = {}

    def address(self, source: ModelSource, path: str) -> Address:
        """The address of a file below `source`. Asks MLflow once for each source. Raises TrackingError."""
        # MLflow decodes such an address again and again until it no longer changes, so a name with a % is not found.
        if "%" not in path and (place := self._place(source)):
            return Address(paths.SERVED_FILE.format(path=quote(f"{place}/{path}")), {}, self._doing, is_served=True)
        if source.model_id:
            call = paths.LOGGED_MODEL_FILE.format(model_id=source.model_id)
            return Address(call, {"artifact_file_path": path}, self._doing)
        below = f"{source.path}/{path}" if source.path else path
        return Address(paths.ARTIFACT, {"run_id": source.run_id, "path": below}, self._doing)

    def _place(self, source: ModelSource) -> str:
        """The folder, if the server keeps it itself: such files are served several times as quickly.

        "" if it is kept elsewhere. This never changes, so MLflow is asked only once.
        """
        place = self._known.get(source)
        if place is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            place = self._known[source] = _served(self._uri(source))
        return place

    def _uri(self, source: ModelSource) -> str:
        if source.model_id:
            answer = self._http.get(paths.LOGGED_MODEL.format(model_id=source.model_id), {}, doing=self._doing)
            with as_mlflow_answers():
                return str(answer["model"]["info"]["artifact_uri"])
        answer = self._http.get(paths.RUN, {"run_id": source.run_id}, doing=self._doing)
        with as_mlflow_answers():
            return f"{answer['run']['info']['artifact_uri']}/{source.path}"


def _served(uri: str) -> str:
    parts = urlsplit(uri)
    return parts.path.strip("/") if parts.scheme == "mlflow-artifacts" and not parts.netloc else ""
