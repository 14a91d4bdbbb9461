"""The demo's own code, run as a job runs it: with a real MLflow, and told by the environment which run it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.utils import timezone

from connections.mlflow.control import Control
from connections.mlflow.history import History
from connections.mlflow.own_client import ENVIRONMENT
from connections.mlflow.tracking import TrackingClient
from connections.mlflow.values import LoggedPoint
from mantik.demo.repository import ensure_repository
from runs.mlproject import parse_mlproject
from tests.support.mlflow_server import TOKEN, MlflowServer


def train(code: Path, server: MlflowServer, entry_point: str, **parameters: str) -> tuple[TrackingClient, str]:
    """The client, and the id of the MLflow run that the training has filled."""
    project = parse_mlproject((code / "MLproject").read_bytes(), path="MLproject")
    control = Control(uri=server.uri, token=TOKEN)
    experiment = control.ensure_experiment("demo")
    run_id = control.create_run(experiment, name=entry_point, tags={}, start_time=timezone.now())
    # A job finds nothing of what this process has set for the client that it has just used.
    own = {name: value for name, value in os.environ.items() if name not in ENVIRONMENT}
    job = {
        "MLFLOW_TRACKING_URI": server.uri,
        "MLFLOW_TRACKING_TOKEN": TOKEN,
        "MLFLOW_EXPERIMENT_ID": experiment,
        "MLFLOW_RUN_ID": run_id,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = project.entry_points[entry_point].command_line(parameters)
    done = subprocess.run(["bash", "-c", command], cwd=code, env=own | job, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return TrackingClient(uri=server.uri, token=TOKEN), run_id


def logged(server: MlflowServer, run_id: str, key: str) -> list[LoggedPoint]:
    found = [point for page in History(uri=server.uri, token=TOKEN).points(run_id, key) for point in page]
    return sorted(found, key=lambda point: point.step)


@pytest.fixture
def code(tmp_path: Path) -> Path:
    ensure_repository(tmp_path / "code", python=Path(sys.prefix))
    return tmp_path / "code"


def test_a_training_logs_its_parameters_a_metric_per_epoch_a_picture_of_it_and_the_model(
    code: Path, mlflow_server: MlflowServer
) -> None:
    client, run_id = train(code, mlflow_server, "main", epochs="3")
    data = client.run_data(run_id)
    assert data.status == "FINISHED"
    assert data.params == {"epochs": "3", "hidden_units": "48", "learning_rate": "0.01", "seed": "7"}
    assert [point.step for point in logged(mlflow_server, run_id, "test_accuracy")] == [1, 2, 3]
    # A tenth is what guessing gives.
    assert (data.metrics["test_accuracy"] or 0) > 0.5
    assert [entry.path for entry in client.artifacts(run_id)] == ["confusion_matrix.txt"]
    assert client.run_data(run_id).tags["mlflow.runName"] == "main"


def test_an_evaluation_logs_a_metric_per_fold_and_their_mean(code: Path, mlflow_server: MlflowServer) -> None:
    client, run_id = train(code, mlflow_server, "evaluate", folds="3", epochs="2")
    data = client.run_data(run_id)
    assert data.status == "FINISHED"
    folds = logged(mlflow_server, run_id, "fold_accuracy")
    assert [point.step for point in folds] == [1, 2, 3]
    accuracies = [point.value for point in folds]
    assert data.metrics["worst_accuracy"] == min(accuracies)
    assert data.metrics["mean_accuracy"] == pytest.approx(sum(accuracies) / 3)
    assert [entry.path for entry in client.artifacts(run_id)] == ["evaluation.json"]
