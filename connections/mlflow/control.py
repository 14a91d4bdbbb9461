"""What workers ask MLflow to do with experiments and runs, through its own client."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mlflow.entities import Experiment, Run, ViewType

from connections.mlflow.errors import NotThere, TrackingRefused
from connections.mlflow.own_client import OwnClient
from connections.mlflow.parsing import finite, required
from connections.mlflow.search import literal, tag_name
from connections.mlflow.values import RunData

_OPEN = {"RUNNING", "SCHEDULED"}
# Characters of a tag's value that MLflow accepts.
_MAX_TAG = 8000


class Control:
    """Thread-safe. Every method raises TrackingUnavailable (try later) or TrackingRefused.

    Nothing is sent twice. Before `create_run`, the caller has to look whether the run exists.
    """

    def __init__(self, *, uri: str, token: str = "") -> None:
        self._mlflow = OwnClient(uri=uri, token=token)

    def ensure_experiment(self, name: str) -> str:
        """The id of the experiment `name`, which is made or restored if necessary."""
        found = self._experiment(name)
        if found is None:
            return self._create_experiment(name)
        if found.lifecycle_stage == "deleted":
            with self._mlflow.calling("restore the experiment") as client:
                client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)

    def rename_experiment(self, experiment_id: str, name: str) -> None:
        """Rename an experiment. Raises NotThere, also if it is in MLflow's bin, where MLflow would answer with 500."""
        with self._mlflow.calling("find the experiment") as client:
            found = client.get_experiment(experiment_id)
        if found.lifecycle_stage == "deleted":
            raise NotThere("The experiment was deleted in MLflow.")
        with self._mlflow.calling("rename the experiment") as client:
            client.rename_experiment(required(found.experiment_id), name)

    def delete_experiment(self, experiment_id: str) -> None:
        """Put an experiment with its runs into MLflow's bin. One that does not exist is no error."""
        with contextlib.suppress(NotThere), self._mlflow.calling("delete the experiment") as client:
            client.delete_experiment(experiment_id)

    def create_run(self, experiment_id: str, *, name: str, tags: Mapping[str, str], start_time: datetime) -> str:
        """Make a run that is RUNNING. Returns its id. A second call makes a second run: see `find_run`."""
        shortened = {key: value[:_MAX_TAG] for key, value in tags.items()}
        with self._mlflow.calling("make a run") as client:
            made = client.create_run(experiment_id, _milliseconds(start_time), shortened, name)
        return required(made.info.run_id)

    def find_run(self, experiment_id: str, tag: str, value: str) -> str | None:
        """The id of the oldest run, not deleted, whose `tag` is `value`."""
        wanted = f"{tag_name(tag)} = {literal(value)}"
        with self._mlflow.calling("look for a run") as client:
            found = client.search_runs(
                [experiment_id], wanted, ViewType.ACTIVE_ONLY, max_results=1, order_by=["attributes.start_time ASC"]
            )
        return required(found[0].info.run_id) if found else None

    def run_data(self, run_id: str) -> RunData:
        with self._mlflow.calling("show the run") as client:
            return _run_data(client.get_run(run_id))

    def end_run(self, run_id: str, status: str, end_time: datetime) -> None:
        """Set `status` (FINISHED, FAILED or KILLED), unless the run has an end already."""
        if self.run_data(run_id).status not in _OPEN:
            return
        with self._mlflow.calling("close the run") as client:
            client.set_terminated(run_id, status, _milliseconds(end_time))

    def delete_run(self, run_id: str) -> None:
        """Put a run into MLflow's bin. One that does not exist is no error."""
        with contextlib.suppress(NotThere), self._mlflow.calling("delete the run") as client:
            client.delete_run(run_id)

    def _experiment(self, name: str) -> Experiment | None:
        with self._mlflow.calling("find the experiment") as client:
            found = client.get_experiment_by_name(name)
        if found is not None:
            # Raises if this is not MLflow's answer.
            required(found.experiment_id)
        return found

    def _create_experiment(self, name: str) -> str:
        try:
            with self._mlflow.calling("make the experiment") as client:
                return required(client.create_experiment(name))
        except TrackingRefused:
            # Another worker may have been first.
            found = self._experiment(name)
            if found is None:
                raise
            return str(found.experiment_id)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _run_data(run: Run) -> RunData:
    # Raises if this is not MLflow's answer.
    required(run.info.run_id)
    outputs: list[Any] = run.outputs.model_outputs if run.outputs else []
    return RunData(
        status=run.info.status,
        metrics={key: finite(value) for key, value in run.data.metrics.items()},
        params=run.data.params,
        tags=run.data.tags,
        models=tuple(output.model_id for output in outputs),
    )
