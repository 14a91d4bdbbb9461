"""What pages read of runs in a real MLflow server."""

from __future__ import annotations

import json
import os

import pytest
from pytest_django.fixtures import Settings

from connections.mlflow.errors import NotThere, TrackingRefused
from connections.mlflow.tracking import TrackingClient, tracking_client
from connections.mlflow.values import ArtifactEntry
from tests.connections.mlflow.job import Job
from tests.support.downloads import open_artifact
from tests.support.mlflow_server import MlflowServer

MISSING = "0" * 32


def test_a_run_that_is_not_there_is_refused_in_plain_words(client: TrackingClient) -> None:
    for call in (
        lambda: client.run_data(MISSING),
        lambda: client.artifacts(MISSING),
        lambda: client.artifact(MISSING, "x"),
    ):
        with pytest.raises(NotThere, match="it is not there"):
            call()


def test_it_reads_params_and_last_metrics(client: TrackingClient, run_id: str, mlflow_server: MlflowServer) -> None:
    job = Job(mlflow_server, run_id)
    job.log([("loss", 0.5, 0), ("loss", 0.25, 1), ("accuracy", 1, 1)], {"alpha": "0.1", "empty": ""})
    data = client.run_data(run_id)
    assert data.metrics == {"loss": 0.25, "accuracy": 1.0}
    assert data.params == {"alpha": "0.1", "empty": ""}


def test_what_is_no_finite_number_is_none(client: TrackingClient, run_id: str, mlflow_server: MlflowServer) -> None:
    Job(mlflow_server, run_id).log(
        [("loss", 1.5, 0), ("loss", "NaN", 1), ("up", "Infinity", 0), ("down", "-Infinity", 0)]
    )
    data = client.run_data(run_id)
    assert data.metrics["loss"] is None
    json.dumps(data.metrics, allow_nan=False)


def test_it_lists_artifacts_by_folder(client: TrackingClient, run_id: str, mlflow_server: MlflowServer) -> None:
    job = Job(mlflow_server, run_id)
    assert client.artifacts(run_id) == []
    job.put("notes.txt", b"hello")
    job.put("plots/a.png", b"12")
    assert client.artifacts(run_id) == [
        ArtifactEntry("notes.txt", False, 5),
        ArtifactEntry("plots", True, None),
    ]
    assert client.artifacts(run_id, "plots") == [ArtifactEntry("plots/a.png", False, 2)]
    assert client.artifacts(run_id, "nothing") == []


def test_it_hands_out_an_artifact_in_pieces(client: TrackingClient, run_id: str, mlflow_server: MlflowServer) -> None:
    content = os.urandom(3_000_000)
    Job(mlflow_server, run_id).put("models/large model.bin", content)
    with open_artifact(client, mlflow_server.uri, run_id, "models/large model.bin") as (file, pieces):
        found = list(pieces)
    assert b"".join(found) == content
    assert file.size == len(content)
    assert max(map(len, found)) <= 64 * 1024


def test_an_artifact_may_be_left_half_read(client: TrackingClient, run_id: str, mlflow_server: MlflowServer) -> None:
    Job(mlflow_server, run_id).put("large.bin", os.urandom(3_000_000))
    with open_artifact(client, mlflow_server.uri, run_id, "large.bin") as (_, pieces):
        next(pieces)
    assert client.run_data(run_id).status == "RUNNING"


@pytest.mark.parametrize("path", ["missing.txt", "folder", "../../x", "/etc/passwd", "", "folder/../../../x"])
def test_it_refuses_an_artifact_that_is_no_file_of_the_run(
    client: TrackingClient, run_id: str, mlflow_server: MlflowServer, path: str
) -> None:
    Job(mlflow_server, run_id).put("folder/file.txt", b"x")
    with (
        pytest.raises(TrackingRefused, match=r"MLflow (refused to|could not) hand out the artifact"),
        open_artifact(client, mlflow_server.uri, run_id, path),
    ):
        pass


@pytest.mark.parametrize("path", ["..", "../..", "/etc"])
def test_it_lists_nothing_outside_the_run(client: TrackingClient, run_id: str, path: str) -> None:
    with pytest.raises(TrackingRefused):
        client.artifacts(run_id, path)


def test_a_process_has_one_client_for_the_configured_server(mlflow_server: MlflowServer, settings: Settings) -> None:
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    client = tracking_client()
    assert tracking_client() is client
    settings.MANTIK_MLFLOW_TOKEN = "other"
    assert tracking_client() is not client


def test_a_forked_process_has_a_client_of_its_own(mlflow_server: MlflowServer, settings: Settings, run_id: str) -> None:
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    parent = tracking_client()
    parent.run_data(run_id)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        own = tracking_client()
        os.write(writing, b"own" if own is not parent and own.run_data(run_id) else b"shared")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 10) == b"own"
    os.close(reading)
    os.close(writing)
