"""MLflow's REST API, as far as runs need it.

Plain HTTP: MLflow's own client is no quicker, takes 0.7 s to import, and retries for minutes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connections.mlflow.answers import as_mlflow_answers, finite
from connections.mlflow.clients import configured
from connections.mlflow.errors import NotThere, TrackingRefused
from connections.mlflow.transport import API, Transport
from connections.mlflow.values import ArtifactEntry, OpenArtifact, RunData

_OPEN = {"RUNNING", "SCHEDULED"}
# MLflow's own bounds.
_MOST_POINTS = 2500
_LONGEST_TAG = 8000


def tracking_client() -> TrackingClient:
    """This process's client for the configured server."""
    return configured(TrackingClient)


class TrackingClient:
    """Thread-safe. Every method raises TrackingUnavailable (try later) or TrackingRefused."""

    def __init__(self, *, uri: str, token: str = "") -> None:
        self._http = Transport(uri=uri, token=token)

    def ensure_experiment(self, name: str) -> str:
        """The id of the experiment `name`, made or restored if need be."""
        found = self._experiment(name)
        if found is None:
            found = self._create_experiment(name)
        with as_mlflow_answers():
            experiment_id = str(found["experiment_id"])
        if found.get("lifecycle_stage") == "deleted":
            body = {"experiment_id": experiment_id}
            self._post("experiments/restore", body, doing="restore the experiment")
        return experiment_id

    def rename_experiment(self, experiment_id: str, name: str) -> None:
        """Raises NotThere for one that is in MLflow's bin, too, which MLflow itself takes for an error of its own."""
        found = self._get("experiments/get", {"experiment_id": experiment_id}, doing="find the experiment")
        with as_mlflow_answers():
            if found["experiment"].get("lifecycle_stage") == "deleted":
                raise NotThere("The experiment was deleted in MLflow.")
        body = {"experiment_id": experiment_id, "new_name": name}
        self._post("experiments/update", body, doing="rename the experiment")

    def delete_experiment(self, experiment_id: str) -> None:
        """Into MLflow's bin, with its runs; one that is not there is no error."""
        with contextlib.suppress(NotThere):
            self._post("experiments/delete", {"experiment_id": experiment_id}, doing="delete the experiment")

    def create_run(self, experiment_id: str, *, name: str, tags: Mapping[str, str], start_time: datetime) -> str:
        """A new run that is RUNNING; its id. Asked twice it makes two: see find_run."""
        body = {
            "experiment_id": experiment_id,
            "run_name": name,
            "start_time": _milliseconds(start_time),
            "tags": [{"key": key, "value": value[:_LONGEST_TAG]} for key, value in tags.items()],
        }
        answer = self._post("runs/create", body, doing="make a run")
        with as_mlflow_answers():
            return str(answer["run"]["info"]["run_id"])

    def find_run(self, experiment_id: str, tag: str, value: str) -> str | None:
        """The id of the oldest run, not deleted, whose `tag` is `value`."""
        body = {
            "experiment_ids": [experiment_id],
            "filter": f"tags.{_name(tag)} = {_literal(value)}",
            "run_view_type": "ACTIVE_ONLY",
            "max_results": 1,
            "order_by": ["attributes.start_time ASC"],
        }
        runs = self._post("runs/search", body, doing="look for a run").get("runs", [])
        with as_mlflow_answers():
            return str(runs[0]["info"]["run_id"]) if runs else None

    def end_run(self, run_id: str, status: str, end_time: datetime) -> None:
        """FINISHED, FAILED or KILLED, unless the run has an end already."""
        if self.run_data(run_id).status not in _OPEN:
            return
        body = {"run_id": run_id, "status": status, "end_time": _milliseconds(end_time)}
        self._post("runs/update", body, doing="close the run")

    def delete_run(self, run_id: str) -> None:
        """Into MLflow's bin; one that is not there is no error."""
        with contextlib.suppress(TrackingRefused):
            self._post("runs/delete", {"run_id": run_id}, doing="delete the run")

    def run_data(self, run_id: str) -> RunData:
        answer = self._get("runs/get", {"run_id": run_id}, doing="show the run")
        with as_mlflow_answers():
            return _run_data(answer["run"])

    def metric_history(
        self, run_id: str, keys: Sequence[str], *, max_points: int
    ) -> dict[str, list[list[int | float | None]]]:
        """[step, value] by step for each key, thinned to about `max_points`; a value not finite is None."""
        return {key: self._history(run_id, key, min(max_points, _MOST_POINTS)) for key in keys}

    def artifacts(self, run_id: str, path: str = "") -> list[ArtifactEntry]:
        """What is directly in that folder of the run's artifacts."""
        query = {"run_id": run_id} | ({"path": path} if path else {})
        answer = self._get("artifacts/list", query, doing="list the artifacts")
        with as_mlflow_answers():
            return [ArtifactEntry.of(entry) for entry in answer.get("files", [])]

    @contextlib.contextmanager
    def open_artifact(self, run_id: str, path: str) -> Iterator[OpenArtifact]:
        """The content of one artifact, as it comes."""
        query = {"run_id": run_id, "path": path}
        with self._http.open("/get-artifact", query, doing="hand out the artifact") as found:
            yield found

    def close(self) -> None:
        self._http.close()

    def _history(self, run_id: str, key: str, most: int) -> list[list[int | float | None]]:
        query = {"run_ids": run_id, "metric_key": key, "max_results": most}
        answer = self._http.get(
            "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval", query, doing="show the metric"
        )
        with as_mlflow_answers():
            return _points(answer.get("metrics", []))

    def _experiment(self, name: str) -> dict[str, Any] | None:
        try:
            answer = self._get("experiments/get-by-name", {"experiment_name": name}, doing="find the experiment")
        except NotThere:
            return None
        with as_mlflow_answers():
            return dict(answer["experiment"])

    def _create_experiment(self, name: str) -> dict[str, Any]:
        try:
            return self._post("experiments/create", {"name": name}, doing="make the experiment")
        except TrackingRefused:
            # Another worker may have been first.
            found = self._experiment(name)
            if found is None:
                raise
            return found

    def _get(self, call: str, query: Mapping[str, Any], *, doing: str) -> dict[str, Any]:
        return self._http.get(f"{API}/{call}", query, doing=doing)

    def _post(self, call: str, body: Mapping[str, Any], *, doing: str) -> dict[str, Any]:
        return self._http.post(f"{API}/{call}", body, doing=doing)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


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


def _points(found: Sequence[Mapping[str, Any]]) -> list[list[int | float | None]]:
    """In order of steps, and of time within one."""
    ordered = sorted(found, key=lambda point: (int(point.get("step", 0)), int(point.get("timestamp", 0))))
    return [[int(point.get("step", 0)), finite(point.get("value"))] for point in ordered]


def _name(tag: str) -> str:
    if "`" in tag or '"' in tag:
        raise TrackingRefused(f"MLflow cannot search for the tag {tag!r}, because its name holds a quote.")
    return f"`{tag}`"


def _literal(value: str) -> str:
    """MLflow's filters have no escapes: the quote that the value does not hold goes around it."""
    if "'" not in value:
        return f"'{value}'"
    if '"' not in value:
        return f'"{value}"'
    raise TrackingRefused("MLflow cannot search for a tag value that holds both kinds of quotes.")
