"""Calls of all routes of the gateway, with the ids of somebody in every place where an id can stand."""

from __future__ import annotations

from collections.abc import Iterator

from tests.runs.tracking.gateway.asking import API, Call
from tests.support.tracked_projects import Ids

FILES = "api/2.0/mlflow-artifacts/artifacts"
_METRIC = {"key": "forged", "value": 1, "timestamp": 1, "step": 1}
_PAIR = {"key": "forged", "value": "yes"}
_DATASET = {"name": "d", "digest": "x", "source_type": "local", "source": "{}"}


def every_call(ids: Ids, mine: Ids) -> Iterator[Call]:
    """`ids` are those that are tried, `mine` those of who tries it, for the other fields of a call that needs them."""
    yield Call("GET", "version")
    yield Call("GET", "api/3.0/mlflow/server-info")
    yield from _experiments(ids)
    for run in (ids.run, ids.child):
        yield from _reading(run, ids)
        yield from _writing(run, ids)
    yield from _creating(ids, mine)
    yield from _models_in_runs(ids, mine)
    yield from _places(ids, mine)
    yield from _logged_models(ids, mine)
    yield from _registry(ids)
    yield Call("GET", "api/mantik/journals/journal-1")
    yield Call("POST", "api/mantik/journals/journal-1", {"offset": 0}, b"forged\n")


def _experiments(ids: Ids) -> Iterator[Call]:
    yield Call("GET", f"{API}experiments/get", {"experiment_id": ids.experiment})
    yield Call("GET", f"{API}experiments/get", {"experimentId": ids.experiment})
    yield Call("GET", f"{API}experiments/get-by-name", {"experiment_name": ids.experiment_name})
    yield Call("GET", f"{API}experiments/search", {"filter": f"name = '{ids.experiment_name}'", "max_results": 10})
    yield Call("POST", f"{API}experiments/search", body={"filter": f"name ILIKE '{ids.experiment_name}%'"})
    yield Call("POST", f"{API}experiments/search", body={"max_results": 1})


def _reading(run: str, ids: Ids) -> Iterator[Call]:
    for name in ("run_id", "run_uuid", "runId", "runUuid"):
        yield Call("GET", f"{API}runs/get", {name: run})
        yield Call("GET", f"{API}metrics/get-history", {name: run, "metric_key": "accuracy"})
        yield Call("GET", f"{API}artifacts/list", {name: run})
        yield Call("GET", "get-artifact", {name: run, "path": "folder/notes.txt"})
    for name in ("run_ids", "runIds"):
        query = {name: [run], "metric_key": "accuracy"}
        yield Call("GET", f"{API}metrics/get-history-bulk-interval", query)
    yield Call("GET", f"{API}artifacts/list", {"run_id": run, "path": "folder"})
    for name in ("experiment_ids", "experimentIds"):
        yield Call("POST", f"{API}runs/search", body={name: [ids.experiment]})
    found = f"attributes.run_id = '{run}'"
    yield Call("POST", f"{API}runs/search", body={"experiment_ids": [ids.experiment], "filter": found})
    best = {"experiment_ids": [ids.experiment], "max_results": 1, "order_by": ["metrics.accuracy DESC"]}
    yield Call("POST", f"{API}runs/search", body=best)


def _writing(run: str, ids: Ids) -> Iterator[Call]:
    for name in ("run_id", "run_uuid", "runId", "runUuid"):
        who = {name: run}
        yield Call("POST", f"{API}runs/update", body=who | {"status": "FAILED", "run_name": "forged"})
        yield Call("POST", f"{API}runs/log-metric", body=who | _METRIC)
        yield Call("POST", f"{API}runs/log-parameter", body=who | _PAIR)
        yield Call("POST", f"{API}runs/log-batch", body=who | {"metrics": [_METRIC], "params": [_PAIR]})
        yield Call("POST", f"{API}runs/log-model", body=who | {"model_json": '{"artifact_path": "x"}'})
        yield Call("POST", f"{API}runs/log-inputs", body=who | {"datasets": [{"tags": [], "dataset": _DATASET}]})
        yield Call("POST", f"{API}runs/outputs", body=who | {"models": [{"model_id": ids.model, "step": 0}]})
        yield Call("POST", f"{API}runs/set-tag", body=who | _PAIR)
        yield Call("POST", f"{API}runs/delete-tag", body=who | {"key": "mlflow.user"})


def _creating(ids: Ids, mine: Ids) -> Iterator[Call]:
    parent = [{"key": "mlflow.parentRunId", "value": ids.run}]
    yield Call("POST", f"{API}runs/create", body={"experiment_id": ids.experiment, "tags": parent})
    yield Call("POST", f"{API}runs/create", body={"experiment_id": mine.experiment, "tags": parent})
    yield Call("POST", f"{API}runs/create", body={"experimentId": mine.experiment, "tags": parent, "start_time": 1})
    yield Call("POST", f"{API}experiments/create", body={"name": f"{ids.experiment_name}/x"})
    # Into a run of one's own.
    yield Call("POST", f"{API}runs/set-tag", body={"run_id": mine.run, **parent[0]})
    yield Call("POST", f"{API}runs/log-batch", body={"run_id": mine.run, "tags": parent})


def _models_in_runs(ids: Ids, mine: Ids) -> Iterator[Call]:
    for name in ("model_id", "modelId"):
        with_model = _METRIC | {name: ids.model}
        who = {"run_id": mine.run}
        yield Call("POST", f"{API}runs/log-metric", body=who | with_model)
        yield Call("POST", f"{API}runs/log-batch", body=who | {"metrics": [with_model]})
        yield Call("POST", f"{API}runs/outputs", body=who | {"models": [{name: ids.model, "step": 0}]})
        yield Call("POST", f"{API}runs/log-inputs", body=who | {"models": [{name: ids.model}]})


def _places(ids: Ids, mine: Ids) -> Iterator[Call]:
    tops = [
        *(f"{ids.experiment}/{ids.run}/artifacts", f"{ids.experiment}/models/{ids.model}/artifacts"),
        *(f"{mine.experiment}/{ids.run}/artifacts", f"{mine.experiment}/models/{ids.model}/artifacts"),
        f"{ids.experiment}/{mine.run}/artifacts",
    ]
    for top in tops:
        for path in ("", "/folder"):
            yield Call("GET", FILES, {"path": f"{top}{path}"})
        for path in ("folder/notes.txt", "MLmodel", "nothing"):
            yield Call("GET", f"{FILES}/{top}/{path}")
            yield Call("PUT", f"{FILES}/{top}/{path}", body=b"forged")
        yield Call("POST", f"api/2.0/mlflow-artifacts/mpu/create/{top}/big", body={"path": "big", "num_parts": 2})
    for path in (ids.experiment, f"{ids.experiment}/models", f"{ids.experiment}/{ids.run}"):
        yield Call("GET", FILES, {"path": path})


def _logged_models(ids: Ids, mine: Ids) -> Iterator[Call]:
    one = f"{API}logged-models/{ids.model}"
    for name in ("source_run_id", "sourceRunId"):
        yield Call("POST", f"{API}logged-models", body={"experiment_id": mine.experiment, name: ids.run, "name": "x"})
    yield Call("POST", f"{API}logged-models", body={"experiment_id": ids.experiment, "name": "x"})
    for name in ("experiment_ids", "experimentIds"):
        yield Call("POST", f"{API}logged-models/search", body={name: [ids.experiment]})
    found = {"experiment_ids": [ids.experiment], "filter": f"source_run_id = '{ids.run}'", "max_results": 1}
    yield Call("POST", f"{API}logged-models/search", body=found)
    yield Call("GET", one)
    yield Call("PATCH", one, body={"model_id": ids.model, "status": "LOGGED_MODEL_UPLOAD_FAILED"})
    yield Call("PATCH", one, body={"model_id": mine.model, "status": "LOGGED_MODEL_UPLOAD_FAILED"})
    yield Call("POST", f"{one}/params", body={"model_id": mine.model, "params": [_PAIR]})
    yield Call("PATCH", f"{one}/tags", body={"model_id": mine.model, "tags": [_PAIR]})
    yield Call("DELETE", f"{one}/tags/forged")
    yield Call("GET", f"{one}/artifacts/directories")
    yield Call("GET", f"{one}/artifacts/directories", {"artifact_directory_path": "code"})


def _registry(ids: Ids) -> Iterator[Call]:
    named, one = {"name": ids.registered}, {"name": ids.registered, "version": "1"}
    yield Call("GET", f"{API}registered-models/get", named)
    yield Call("GET", f"{API}registered-models/alias", named | {"alias": "champion"})
    yield Call("GET", f"{API}registered-models/get-latest-versions", named)
    yield Call("POST", f"{API}registered-models/get-latest-versions", body=named)
    yield Call("POST", f"{API}registered-models/create", body=named)
    for search in ("registered-models/search", "model-versions/search"):
        yield Call("GET", f"{API}{search}")
        yield Call("GET", f"{API}{search}", {"filter": f"name = '{ids.registered}'"})
        yield Call("GET", f"{API}{search}", {"filter": f"name ILIKE '{ids.registered}%'"})
        yield Call("GET", f"{API}{search}", {"filter": f"run_id = '{ids.run}'"})
    yield Call("GET", f"{API}model-versions/get", one)
    yield Call("GET", f"{API}model-versions/get-download-uri", one)
    yield Call("GET", FILES, {"path": ids.registered_place})
    yield Call("GET", f"{FILES}/{ids.registered_place}/MLmodel")
