"""What workers tell MLflow of experiments and runs, and a real MLflow server hears."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from pytest_django.fixtures import Settings

from connections.mlflow import for_workers
from connections.mlflow.control import Control
from connections.mlflow.errors import NotThere, TrackingRefused
from connections.mlflow.tracking import TrackingClient
from tests.connections.mlflow.conftest import START
from tests.connections.mlflow.job import Job
from tests.support.mlflow_server import HEADERS, MlflowServer

MISSING = "0" * 32


def test_it_makes_an_experiment_once(control: Control) -> None:
    name = "p7/Größe 'one' & \"two\""
    first = control.ensure_experiment(name)
    assert control.ensure_experiment(name) == first
    assert control.ensure_experiment(f"{name} more") != first


def test_it_makes_an_experiment_once_when_many_ask_at_the_same_time(control: Control) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(control.ensure_experiment, ["p8/crowd"] * 8))) == 1


def test_it_restores_an_experiment_that_was_deleted(control: Control, mlflow_server: MlflowServer) -> None:
    experiment_id = control.ensure_experiment("p9/deleted")
    url = f"{mlflow_server.uri}/api/2.0/mlflow/experiments/delete"
    httpx.post(url, json={"experiment_id": experiment_id}, headers=HEADERS, trust_env=False).raise_for_status()
    assert control.ensure_experiment("p9/deleted") == experiment_id
    assert control.create_run(experiment_id, name="again", tags={}, start_time=START)


def test_a_new_run_is_running_and_has_its_tags(control: Control, experiment_id: str) -> None:
    tags = {
        "mantik.run": "b7c3",
        "mlflow.user": "ada",
        "mlflow.source.name": "https://example.org/" + "x" * 9000,
    }
    run_id = control.create_run(experiment_id, name="Nightly ünd more", tags=tags, start_time=START)
    data = control.run_data(run_id)
    assert data.status == "RUNNING"
    assert data.tags["mantik.run"] == "b7c3"
    assert data.tags["mlflow.runName"] == "Nightly ünd more"
    assert (data.metrics, data.params) == ({}, {})


def test_it_finds_a_run_by_its_tag(control: Control, experiment_id: str, run_id: str) -> None:
    assert control.find_run(experiment_id, "mantik.run", "abc") == run_id
    assert control.find_run(experiment_id, "mantik.run", "ab") is None
    assert control.find_run(experiment_id, "mantik.other", "abc") is None
    assert control.find_run(control.ensure_experiment("p1/other"), "mantik.run", "abc") is None


def test_it_finds_the_oldest_of_several(control: Control, experiment_id: str, run_id: str) -> None:
    later = START + timedelta(seconds=1)
    control.create_run(experiment_id, name="second", tags={"mantik.run": "abc"}, start_time=later)
    assert control.find_run(experiment_id, "mantik.run", "abc") == run_id


def test_it_does_not_find_a_deleted_run(control: Control, experiment_id: str, run_id: str) -> None:
    control.delete_run(run_id)
    assert control.find_run(experiment_id, "mantik.run", "abc") is None


def test_deleting_a_run_twice_does_no_harm(control: Control, experiment_id: str, run_id: str) -> None:
    control.delete_run(run_id)
    control.delete_run(run_id)
    control.delete_run(MISSING)
    assert control.find_run(experiment_id, "mantik.run", "abc") is None


@pytest.mark.parametrize("value", ["it's", 'say "x"', "a' OR tags.x = 'b", "100%_", "\\", "ü"])
def test_a_value_in_a_search_is_only_a_value(control: Control, experiment_id: str, value: str) -> None:
    run_id = control.create_run(experiment_id, name="odd", tags={"mantik.run": value}, start_time=START)
    control.create_run(experiment_id, name="bait", tags={"mantik.run": "b"}, start_time=START)
    assert control.find_run(experiment_id, "mantik.run", value) == run_id


@pytest.mark.parametrize(("tag", "value"), [("x", "both ' and \""), ("a`b", "x"), ('a"b', "x")])
def test_it_refuses_a_search_that_cannot_be_written(control: Control, tag: str, value: str) -> None:
    with pytest.raises(TrackingRefused, match="cannot search"):
        control.find_run("1", tag, value)


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
def test_it_ends_a_run(control: Control, run_id: str, status: str) -> None:
    control.end_run(run_id, status, START + timedelta(minutes=4))
    assert control.run_data(run_id).status == status


def test_it_does_not_end_a_run_that_has_an_end(control: Control, run_id: str, mlflow_server: MlflowServer) -> None:
    Job(mlflow_server, run_id).end("FINISHED")
    control.end_run(run_id, "FAILED", START)
    assert control.run_data(run_id).status == "FINISHED"


def test_a_run_that_is_not_there_is_refused_in_plain_words(control: Control) -> None:
    for call in (lambda: control.run_data(MISSING), lambda: control.end_run(MISSING, "FINISHED", START)):
        with pytest.raises(NotThere, match="it is not there"):
            call()


def test_an_id_that_can_be_none_is_refused_before_it_is_sent(control: Control) -> None:
    with pytest.raises(TrackingRefused, match="MLflow refused to show the run"):
        control.run_data("../experiments")


def test_a_run_that_mlflow_refuses_to_delete_is_an_error(control: Control) -> None:
    with pytest.raises(TrackingRefused, match="MLflow refused to delete the run"):
        control.delete_run("")


def test_what_mlflow_refuses_is_said_in_its_own_words(control: Control) -> None:
    with pytest.raises(TrackingRefused, match=r"MLflow refused to make a run: .*no number"):
        control.create_run("no number", name="x", tags={}, start_time=START)
    with pytest.raises(TrackingRefused, match="MLflow refused to make the experiment"):
        control.ensure_experiment("x" * 1000)


def test_an_experiment_is_renamed_unless_it_is_in_the_bin(control: Control, experiment_id: str) -> None:
    control.rename_experiment(experiment_id, "p1/renamed")
    assert control.ensure_experiment("p1/renamed") == experiment_id
    for _ in range(2):
        control.delete_experiment(experiment_id)
    with pytest.raises(NotThere, match="deleted in MLflow"):
        control.rename_experiment(experiment_id, "p1/again")
    control.delete_experiment("987654321")


def test_both_clients_read_the_same_of_a_run(
    control: Control, client: TrackingClient, run_id: str, mlflow_server: MlflowServer
) -> None:
    job = Job(mlflow_server, run_id)
    job.log([("loss", 0.5, 0), ("loss", 0.25, 1), ("nan", "NaN", 0)], {"alpha": "0.1", "no": ""})
    data = control.run_data(run_id)
    assert data == client.run_data(run_id)
    assert data.metrics == {"loss": 0.25, "nan": None}
    assert data.params == {"alpha": "0.1", "no": ""}
    assert data.models == ()


def test_sixteen_threads_share_one_client(control: Control, experiment_id: str) -> None:
    def whole_life(number: int) -> str:
        tags = {"mantik.run": f"t{number}"}
        run_id = control.create_run(experiment_id, name=f"r{number}", tags=tags, start_time=START)
        assert control.find_run(experiment_id, "mantik.run", f"t{number}") == run_id
        control.end_run(run_id, "FINISHED", START)
        return control.run_data(run_id).status

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(whole_life, range(16))) == ["FINISHED"] * 16


def test_a_process_has_one_client_for_the_configured_server(mlflow_server: MlflowServer, settings: Settings) -> None:
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    client = for_workers.control()
    assert for_workers.control() is client
    assert client.ensure_experiment("p1/process")
    settings.MANTIK_MLFLOW_TOKEN = "other"
    assert for_workers.control() is not client


def test_a_forked_process_has_a_client_and_connections_of_its_own(
    mlflow_server: MlflowServer, settings: Settings
) -> None:
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    parent = for_workers.control()
    parent.ensure_experiment("p1/fork")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        own = for_workers.control()
        os.write(writing, b"own" if own is not parent and own.ensure_experiment("p1/fork") else b"shared")
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 10) == b"own"
    assert parent.ensure_experiment("p1/fork")
    os.close(reading)
    os.close(writing)
