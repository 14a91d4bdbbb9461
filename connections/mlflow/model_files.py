"""The files of a model that a run has logged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from connections.mlflow import paths
from connections.mlflow.clients import configured
from connections.mlflow.parsing import as_mlflow_answers
from connections.mlflow.places import Address, Places
from connections.mlflow.transport import Transport
from connections.mlflow.values import ArtifactEntry, LoggedModel, ModelSource, OpenArtifact

_READY = {"LOGGED_MODEL_READY", "READY"}


def model_files() -> ModelFiles:
    """This process's client for the configured server."""
    return configured(ModelFiles)


class ModelFiles:
    """Thread-safe. Every method raises TrackingUnavailable (try later) or TrackingRefused."""

    def __init__(self, *, uri: str, token: str = "") -> None:
        self._http = Transport(uri=uri, token=token)
        self._places = Places(self._http, doing="hand out a file of the model")

    def logged_model(self, model_id: str) -> LoggedModel:
        answer = self._http.get(paths.LOGGED_MODEL.format(model_id=model_id), {}, doing="show the model")
        with as_mlflow_answers():
            info = answer["model"]["info"]
            is_ready = str(info.get("status", "")) in _READY
            return LoggedModel(str(info["model_id"]), str(info["name"]), is_ready, _moment(info))

    def folder(self, source: ModelSource, path: str = "") -> list[ArtifactEntry]:
        """The files and folders directly in the folder `path`. Paths are from the top of the model."""
        call, query, top = _listing(source, path)
        answer = self._http.get(call, query, doing="list the files of the model")
        with as_mlflow_answers():
            entries = [ArtifactEntry.of(entry) for entry in answer.get("files", [])]
        return [ArtifactEntry(entry.path.removeprefix(top), entry.is_dir, entry.size) for entry in entries]

    def files(self, source: ModelSource) -> Iterator[ArtifactEntry]:
        """Every file, folder by folder, sorted by name. One request per folder."""
        waiting = [""]
        while waiting:
            entries = sorted(self.folder(source, waiting.pop()), key=lambda entry: entry.path)
            yield from (entry for entry in entries if not entry.is_dir)
            waiting += [entry.path for entry in reversed(entries) if entry.is_dir]

    def address(self, source: ModelSource, path: str) -> Address:
        """Where the content of one file is."""
        return self._places.address(source, path)

    def open(self, source: ModelSource, path: str) -> AbstractContextManager[OpenArtifact]:
        """The content of one file, as a stream."""
        address = self.address(source, path)
        return self._http.open(address.path, address.query, doing=address.doing)

    def close(self) -> None:
        self._http.close()


def _moment(info: Mapping[str, Any]) -> datetime | None:
    milliseconds = int(info.get("creation_timestamp_ms", 0))
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None


def _listing(source: ModelSource, path: str) -> tuple[str, dict[str, Any], str]:
    """The address and query that list a folder, and the prefix of the paths in the answer."""
    if source.model_id:
        query = {"artifact_directory_path": path} if path else {}
        return paths.LOGGED_MODEL_FOLDER.format(model_id=source.model_id), query, ""
    folder = f"{source.path}/{path}" if path else source.path
    return paths.ARTIFACT_LIST, {"run_id": source.run_id, "path": folder}, f"{source.path}/"
