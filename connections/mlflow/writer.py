"""What trainings log, written to MLflow by workers.

Who asks again, because the answer was lost or the worker died, changes nothing: so everything here may be done twice,
though points that are there already are slow (several milliseconds each, in a run that has a million).
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import httpx
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelParameter,
    LoggedModelStatus,
    LoggedModelTag,
    Metric,
    Param,
    RunStatus,
    RunTag,
)
from mlflow.protos.service_pb2 import LogModel
from mlflow.utils.proto_json_utils import message_to_json

from connections.mlflow.errors import NotThere, TrackingRefused, TrackingUnavailable
from connections.mlflow.own_client import OwnClient
from connections.mlflow.parsing import error_in
from connections.mlflow.paths import ID_TAG, SERVED_FILE
from connections.mlflow.transport import client_options, tracking_errors
from connections.mlflow.values import LoggedDataset, LoggedPoint

# By which MLflow keeps the models that clients before 3 logged, and what one of them is known by.
_HISTORY = "mlflow.log-model.history"
_KNOWN_BY = ("run_id", "artifact_path", "utc_time_created", "model_uuid")
_STATUSES = {"LOGGED_MODEL_PENDING": "PENDING", "LOGGED_MODEL_READY": "READY", "LOGGED_MODEL_UPLOAD_FAILED": "FAILED"}
# MLflow waits for its disk once a file is complete, in seconds.
_STORING = httpx.Timeout(connect=3, read=120, write=60, pool=10)
# Bytes that its disk reads in a second at least.
_READ_A_SECOND = 50_000_000
_STORED, _INCOMPLETE, _OTHER_BYTES = 201, 308, 409


class Writer:
    """Thread-safe. Every method raises TrackingUnavailable (try later) or TrackingRefused."""

    def __init__(self, *, uri: str, token: str = "") -> None:
        self._mlflow = OwnClient(uri=uri, token=token)
        self._files = httpx.Client(**client_options(uri, token))

    # Runs

    def create_run(
        self, run_id: str, experiment_id: str, *, name: str, user: str, start: int, tags: Mapping[str, str]
    ) -> None:
        """A run that has this id, unless there is one already."""
        given = [RunTag(key, value) for key, value in {**tags, ID_TAG: run_id}.items()]
        with self._mlflow.calling("make a run") as client:
            _store(client).create_run(experiment_id, user, start, given, name)

    def knows_run(self, run_id: str) -> bool:
        """Also one that is in MLflow's bin."""
        with suppress(NotThere), self._mlflow.calling("show the run") as client:
            _store(client).get_run(run_id)
            return True
        return False

    def is_open(self, run_id: str) -> bool:
        """Whether the run takes what is logged: it does not if it was deleted in MLflow."""
        with suppress(NotThere), self._mlflow.calling("show the run") as client:
            return bool(_store(client).get_run(run_id).info.lifecycle_stage == "active")
        return False

    def update_run(self, run_id: str, *, status: str = "", end: int | None = None, name: str = "") -> None:
        with self._mlflow.calling("change the run") as client:
            known = RunStatus.from_string(status) if status else None
            _store(client).update_run_info(run_id, known, end, name or None)

    def log_batch(
        self, run_id: str, points: Sequence[LoggedPoint], params: Mapping[str, str], tags: Mapping[str, str]
    ) -> None:
        """At most 1000 in all, and 100 params and 100 tags. All of it or, if it is refused, some."""
        with self._mlflow.calling("log metrics, params and tags") as client:
            _store(client).log_batch(
                run_id,
                [_metric(point) for point in points],
                [Param(key, value) for key, value in params.items()],
                [RunTag(key, value) for key, value in tags.items()],
            )

    def delete_tag(self, run_id: str, key: str) -> None:
        with suppress(NotThere), self._mlflow.calling("delete a tag") as client:
            _store(client).delete_tag(run_id, key)

    def log_inputs(self, run_id: str, datasets: Iterable[LoggedDataset], models: Iterable[str]) -> None:
        with self._mlflow.calling("log inputs") as client:
            _store(client).log_inputs(run_id, [_dataset(one) for one in datasets], [*map(LoggedModelInput, models)])

    def log_outputs(self, run_id: str, models: Mapping[str, int]) -> None:
        """`models`: ids, and the step of each. MLflow refuses all if one of them is there already."""
        try:
            self._log_outputs(run_id, models)
        except TrackingRefused:
            known = self._outputs(run_id)
            for model_id in models.keys() - known:
                self._log_outputs(run_id, {model_id: models[model_id]})

    def _log_outputs(self, run_id: str, models: Mapping[str, int]) -> None:
        with self._mlflow.calling("log outputs") as client:
            _store(client).log_outputs(run_id, [LoggedModelOutput(one, step) for one, step in models.items()])

    def _outputs(self, run_id: str) -> set[str]:
        with self._mlflow.calling("show the run") as client:
            outputs = _store(client).get_run(run_id).outputs
            return {one.model_id for one in outputs.model_outputs} if outputs else set()

    def log_model_of_2(self, run_id: str, model: Mapping[str, Any]) -> None:
        """The model that a client before 3 has logged, as it says it. MLflow would list it a second time."""
        with self._mlflow.calling("show the run") as client:
            listed = _listed(_store(client).get_run(run_id).data.tags.get(_HISTORY, ""))
        if _identity(model) in map(_identity, listed):
            return
        with self._mlflow.calling("log a model") as client:
            body = message_to_json(LogModel(run_id=run_id, model_json=json.dumps(model)))
            _store(client)._call_endpoint(LogModel, body)

    # Logged models of MLflow 3

    def create_model(
        self,
        model_id: str,
        experiment_id: str,
        *,
        run_id: str,
        name: str,
        kind: str,
        params: Mapping[str, str],
        tags: Mapping[str, str],
    ) -> None:
        """A logged model that has this id, unless there is one already."""
        given = [LoggedModelTag(key, value) for key, value in {**tags, ID_TAG: model_id}.items()]
        with self._mlflow.calling("make a logged model") as client:
            _store(client).create_logged_model(experiment_id, name, run_id, given, [], kind or None)
        self.log_model_params(model_id, params)

    def knows_model(self, model_id: str) -> bool:
        """Also one that was deleted in MLflow."""
        with suppress(NotThere), self._mlflow.calling("show the logged model") as client:
            _store(client).get_logged_model(model_id, allow_deleted=True)
            return True
        return False

    def set_model_status(self, model_id: str, status: str) -> None:
        if status not in _STATUSES:
            raise TrackingRefused(f"MLflow does not know the status {status}.")
        with self._mlflow.calling("end a logged model") as client:
            _store(client).finalize_logged_model(model_id, LoggedModelStatus(_STATUSES[status]))

    def log_model_params(self, model_id: str, params: Mapping[str, str]) -> None:
        """Those that are not there yet: MLflow refuses all if one of them is."""
        if not params:
            return
        try:
            self._log_model_params(model_id, params)
        except TrackingRefused:
            known = self._model_params(model_id)
            if not known & params.keys():
                raise
            self._log_model_params(model_id, {key: params[key] for key in params.keys() - known})

    def _log_model_params(self, model_id: str, params: Mapping[str, str]) -> None:
        with self._mlflow.calling("log params of a model") as client:
            given = [LoggedModelParameter(key, value) for key, value in params.items()]
            _store(client).log_logged_model_params(model_id, given)

    def _model_params(self, model_id: str) -> set[str]:
        with self._mlflow.calling("show the logged model") as client:
            return set(_store(client).get_logged_model(model_id).params)

    def set_model_tags(self, model_id: str, tags: Mapping[str, str]) -> None:
        with self._mlflow.calling("set tags of a model") as client:
            given = [LoggedModelTag(key, value) for key, value in tags.items()]
            _store(client).set_logged_model_tags(model_id, given)

    def delete_model_tag(self, model_id: str, key: str) -> None:
        """A key with a slash in it is none that MLflow could delete."""
        if "/" in key or key in (".", ".."):
            raise TrackingRefused("MLflow cannot delete a tag of a model with such a name.")
        with suppress(NotThere), self._mlflow.calling("delete a tag of a model") as client:
            _store(client).delete_logged_model_tag(model_id, quote(key, safe=""))

    # Files, by their place below MLflow's root

    def store_file(self, place: str, size: int, pieces: Iterator[bytes]) -> None:
        """The whole of it, or nothing if `pieces` raises: that is passed on."""
        path, length = SERVED_FILE.format(path=quote(place)), {"Content-Length": str(size)}
        with tracking_errors():
            response = self._files.put(path, content=pieces, headers=length, timeout=_STORING)
        if not response.is_success:
            raise error_in(response, doing="store the file")

    def store_large_file(self, place: str, size: int, sha256: str, pieces: Callable[[int], Iterator[bytes]]) -> bool:
        """The same, but what has come is kept if `pieces` raises, and the next call asks it for the bytes after that.

        False if the SHA-256 of what came is not `sha256`, in hex digits: then nothing is stored.
        """
        asked = self._put_part(place, sha256, f"bytes */{size}", b"")
        if asked.status_code == _STORED:
            return True
        if asked.status_code != _INCOMPLETE:
            # A server that is not ours does not know of parts.
            self.store_file(place, size, pieces(0))
            return True
        first = _bytes_there(asked)
        sent = self._put_part(place, sha256, f"bytes {first}-{size - 1}/{size}", pieces(first), size - first)
        if sent.status_code == _OTHER_BYTES and first:
            # Those that were there may be wrong, after a crash of the server's machine. They are gone now.
            return self.store_large_file(place, size, sha256, pieces)
        if sent.status_code == _INCOMPLETE:
            raise TrackingUnavailable("Another worker sends the same file to MLflow.")
        return sent.status_code == _STORED

    def _put_part(
        self, place: str, sha256: str, where: str, content: bytes | Iterator[bytes], length: int = 0
    ) -> httpx.Response:
        """As `connections/mlflow/file_parts.py` has it."""
        digest = b64encode(bytes.fromhex(sha256)).decode()
        headers = {"Content-Range": where, "Repr-Digest": f"sha-256=:{digest}:", "Content-Length": str(length)}
        # Before its answer to the last part it reads the whole file.
        timeout = httpx.Timeout(connect=3, read=120 + int(where.rpartition("/")[2]) / _READ_A_SECOND, write=60, pool=10)
        with tracking_errors():
            path = SERVED_FILE.format(path=quote(place))
            response = self._files.put(path, content=content, headers=headers, timeout=timeout)
        if not response.is_success and response.status_code not in (_INCOMPLETE, _OTHER_BYTES):
            raise error_in(response, doing="store the file")
        return response

    def remove_file(self, place: str) -> None:
        """A file, or a folder with all that is in it."""
        with tracking_errors():
            response = self._files.delete(SERVED_FILE.format(path=quote(place)))
        if not response.is_success:
            raise error_in(response, doing="remove the file")

    def close(self) -> None:
        self._files.close()


def _store(client: Any) -> Any:
    """What MlflowClient itself asks. It leaves out the user of a run and the end of one without a status."""
    return client._tracking_client.store


def _bytes_there(response: httpx.Response) -> int:
    found = re.fullmatch(r"bytes=0-(\d{1,19})", response.headers.get("Range", ""), re.ASCII)
    return int(found[1]) + 1 if found else 0


def _metric(point: LoggedPoint) -> Metric:
    return Metric(
        point.key,
        point.value,
        point.timestamp,
        point.step,
        model_id=point.model or None,
        dataset_name=point.dataset or None,
        dataset_digest=point.digest or None,
    )


def _dataset(given: LoggedDataset) -> DatasetInput:
    names = ("name", "digest", "source_type", "source", "schema", "profile")
    dataset = Dataset(
        *(given.about.get(name, "") for name in names[:4]), *(given.about.get(name) for name in names[4:])
    )
    return DatasetInput(dataset, [InputTag(key, value) for key, value in given.tags])


def _listed(tag: str) -> list[dict[str, Any]]:
    """The models in MLflow's tag, which anybody may have set to something else. MLflow would fail at that."""
    with suppress(ValueError, RecursionError):
        found = json.loads(tag or "[]")
        if isinstance(found, list):
            return [one for one in found if isinstance(one, dict)]
    raise TrackingRefused(f"The tag {_HISTORY} was set to something else than a list of models.")


def _identity(model: Mapping[str, Any]) -> list[Any]:
    return [model.get(name) for name in _KNOWN_BY]
