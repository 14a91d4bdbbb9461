"""What a training does that logs a model to MLflow, with plain requests: MLflow's client takes long to import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from django.conf import settings

from runs.models import Run

MLMODEL = b"""\
artifact_path: model
flavors:
  python_function:
    loader_module: mlflow.sklearn
    model_path: model.skops
  sklearn:
    sklearn_version: 1.9.1
saved_input_example_info:
  artifact_path: input_example.json
  type: ndarray
signature:
  inputs: '[{"name": "irradiance", "type": "double"}, {"name": "hour", "type": "long"}]'
  outputs: '[{"name": "yield", "type": "double"}]'
  params: null
"""
FILES: dict[str, bytes] = {
    "MLmodel": MLMODEL,
    "model.skops": b"weights" * 1000,
    "requirements.txt": b"scikit-learn\n",
    "input_example.json": b'{"columns": ["irradiance", "hour"], "data": [[812.5, 12]]}',
    "code/features.py": b"def features(table):\n    return table\n",
}


def log_model(
    uri: str, run: Run, *, name: str = "model", files: Mapping[str, bytes] = FILES, ready: bool = True
) -> str:
    """A logged model of MLflow 3, put among the run's outputs; its id."""
    body = {"experiment_id": run.mlflow_experiment_id, "name": name, "source_run_id": run.mlflow_run_id}
    model = _call(uri, "POST", "logged-models", body)["model"]
    model_id: str = model["info"]["model_id"]
    for path, content in files.items():
        _put(uri, f"{run.mlflow_experiment_id}/models/{model_id}/artifacts/{path}", content)
    if ready:
        _call(uri, "PATCH", f"logged-models/{model_id}", {"model_id": model_id, "status": "LOGGED_MODEL_READY"})
    _call(uri, "POST", "runs/outputs", {"run_id": run.mlflow_run_id, "models": [{"model_id": model_id, "step": 0}]})
    return model_id


def log_classic_model(uri: str, run: Run, path: str = "model", files: Mapping[str, bytes] = FILES) -> None:
    """As MLflow 2 did: a folder of the run's artifacts."""
    for name, content in files.items():
        _put(uri, f"{run.mlflow_experiment_id}/{run.mlflow_run_id}/artifacts/{path}/{name}", content)


def log_metric(uri: str, run: Run, key: str, value: float) -> None:
    body = {"run_id": run.mlflow_run_id, "key": key, "value": value, "step": 1, "timestamp": 1_700_000_000_000}
    _call(uri, "POST", "runs/log-metric", body)


def model_version(uri: str, name: str) -> dict[str, Any] | None:
    """Version 1 of a registered model, None if there is none."""
    url = f"{uri}/api/2.0/mlflow/model-versions/get"
    answer = httpx.get(url, params={"name": name, "version": "1"}, headers=_headers(), trust_env=False)
    found: dict[str, Any] | None = answer.json().get("model_version")
    return found


def call_registry(uri: str, method: str, call: str, **body: Any) -> dict[str, Any]:
    """Behind Mantik's back."""
    return _call(uri, method, call, body)


def empty_registry(uri: str) -> None:
    while found := call_registry(uri, "GET", "registered-models/search").get("registered_models"):
        for model in found:
            call_registry(uri, "DELETE", "registered-models/delete", name=model["name"])


def _call(uri: str, method: str, call: str, body: dict[str, Any]) -> dict[str, Any]:
    url = f"{uri}/api/2.0/mlflow/{call}"
    answer = httpx.request(method, url, json=body, headers=_headers(), trust_env=False, timeout=30)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def _put(uri: str, place: str, content: bytes) -> None:
    url = f"{uri}/api/2.0/mlflow-artifacts/artifacts/{place}"
    httpx.put(url, content=content, headers=_headers(), trust_env=False, timeout=60).raise_for_status()


def _headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {settings.MANTIK_MLFLOW_TOKEN}"}
