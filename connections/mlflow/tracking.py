"""What pages read of runs in MLflow, over plain HTTP, so that the web server need not import MLflow's own client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connections.mlflow import paths
from connections.mlflow.clients import configured
from connections.mlflow.parsing import as_mlflow_answers, finite
from connections.mlflow.places import Address, Places
from connections.mlflow.transport import Transport
from connections.mlflow.values import ArtifactEntry, ModelSource, RunData


def tracking_client() -> TrackingClient:
    """This process's client for the configured server."""
    return configured(TrackingClient)


class TrackingClient:
    """Thread-safe. Every method raises TrackingUnavailable (try later) or TrackingRefused."""

    def __init__(self, *, uri: str, token: str = "") -> None:
        self._http = Transport(uri=uri, token=token)
        self._places = Places(self._http, doing="hand out the artifact")

    def run_data(self, run_id: str) -> RunData:
        answer = self._http.get(paths.RUN, {"run_id": run_id}, doing="show the run")
        with as_mlflow_answers():
            return _run_data(answer["run"])

    def artifacts(self, run_id: str, path: str = "") -> list[ArtifactEntry]:
        """The files and folders directly in the folder `path` of the run's artifacts."""
        query = {"run_id": run_id} | ({"path": path} if path else {})
        answer = self._http.get(paths.ARTIFACT_LIST, query, doing="list the artifacts")
        with as_mlflow_answers():
            return [ArtifactEntry.of(entry) for entry in answer.get("files", [])]

    def artifact(self, run_id: str, path: str) -> Address:
        """Where the content of one artifact is."""
        return self._places.address(ModelSource(run_id), path)

    def close(self) -> None:
        self._http.close()


def _run_data(run: Mapping[str, Any]) -> RunData:
    data = run.get("data", {})
    return RunData(
        status=str(run["info"]["status"]),
        metrics={str(metric["key"]): finite(metric.get("value")) for metric in data.get("metrics", [])},
        params=_pairs(data.get("params", [])),
        tags=_pairs(data.get("tags", [])),
        models=tuple(str(output["model_id"]) for output in run.get("outputs", {}).get("model_outputs", [])),
    )


def _pairs(found: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {str(pair["key"]): str(pair.get("value", "")) for pair in found}
