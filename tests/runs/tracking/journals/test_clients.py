"""What unmodified clients have logged through a relay is in MLflow, as they were told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.runs.job.relay.relays import SECRET, Relay
from tests.runs.job.relay.test_clients import OPERATIONS, all_that_is_told
from tests.runs.tracking.journals.jobs import Job, pairs, point_of
from tests.support.client_tables import CLIENTS
from tests.support.mlflow_clients import python_with
from tests.support.mlflow_server import TOKEN
from tests.support.proofs import Proved, sample

# What applying writes is tried on both databases without a client.
pytestmark = pytest.mark.any_database
# What MLflow adds, or has from us.
NOT_LOGGED = ("mantik.", "mlflow.user", "mlflow.source.", "mlflow.log-model.history", "mlflow.runName")
# All are loaded; those that autolog has logged, or that have a signature, take no list.
LOADED = """
import json, sys, mlflow

def doubled(uri):
    model = mlflow.pyfunc.load_model(uri)
    is_ours = model.metadata.flavors["python_function"]["loader_module"] == "mlflow.pyfunc.model"
    if not is_ours or model.metadata.signature:
        return "loaded"
    return list(map(int, model.predict([1, 2])))

print(json.dumps([doubled(uri) for uri in sys.argv[1:]]))
"""


@pytest.fixture(scope="session", params=sample(list(CLIENTS), one_in=4))
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    return python_with(CLIENTS[request.param], tmp_path_factory)


def environment(job: Job, uri: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "MANTIK_"))}
    return own | {
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_RUN_ID": job.run.mlflow_run_id,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        "HOME": str(job.folder),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def train(job: Job, python: str, relay: Relay) -> None:
    uri = f"http://127.0.0.1:{relay.port}/{SECRET}"
    command, here = [python, str(OPERATIONS)], job.folder
    done = subprocess.run(command, env=environment(job, uri), cwd=here, capture_output=True, timeout=600, check=False)
    assert done.stdout, done.stderr.decode()


@pytest.mark.timeout(900)
def test_what_was_logged_is_in_mlflow_as_it_was_told(job: Job, python: str, proved: Proved) -> None:
    with job.relay() as relay:
        train(job, python, relay)
        told = all_that_is_told(relay)
        contents = files_told(job, relay)
        relay.hang_up()
    assert job.apply().is_all
    assert job.journal.has_end

    compared = sum((compare_run(job, run) for run in told["runs"]), 0)
    for run_id, key, history in told["histories"]:
        assert job.points(key, run_id) == sorted(map(point_of, history)), key
        compared += len(history)
    for model in told["models"]:
        compare_model(job, model)
    assert {path: len(data) for path, data in job.files().items()} == {p: len(d) for p, d in contents.items()}
    assert job.files() == contents
    proved(values=compared, files=len(contents), wrong=0)
    assert job.journal.passed_over == {}, job.journal.passed_over
    load_models(job, [f"models:/{one['info']['model_id']}" for one in told["models"]])


def compare_run(job: Job, told: dict[str, Any]) -> int:
    found = job.mlflow_run(told["info"]["run_id"])
    same = ("run_id", "status", "start_time", "end_time", "run_name", "lifecycle_stage")
    is_root = told["info"]["run_id"] == job.run.mlflow_run_id
    for name in same:
        if not (is_root and name == "start_time"):
            assert found["info"].get(name) == told["info"].get(name), name
    assert pairs(found["data"].get("params", [])) == pairs(told["data"].get("params", []))
    tags = [pairs(one["data"].get("tags", [])) for one in (found, told)]
    logged = [{key: value for key, value in one.items() if not key.startswith(NOT_LOGGED)} for one in tags]
    assert logged[0] == logged[1]
    history = [json.loads(one.get("mlflow.log-model.history", "[]")) for one in tags]
    assert [one["utc_time_created"] for one in history[0]] == [one["utc_time_created"] for one in history[1]]
    for side in ("inputs", "outputs"):
        assert sorted(map(str, found.get(side, {}).get("model_inputs", []))) == sorted(
            map(str, told.get(side, {}).get("model_inputs", []))
        )
    assert digests(found) == digests(told)
    return len(told["data"].get("params", [])) + len(logged[0])


def digests(run: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted(
        (one["dataset"]["name"], one["dataset"]["digest"]) for one in run.get("inputs", {}).get("dataset_inputs", [])
    )


def compare_model(job: Job, told: dict[str, Any]) -> None:
    found = job.ask("GET", f"logged-models/{told['info']['model_id']}")["model"]
    for name in ("model_id", "name", "source_run_id", "status", "model_type", "artifact_uri"):
        assert found["info"].get(name) == told["info"].get(name), name
    assert pairs(found["data"].get("params", [])) == pairs(told["data"].get("params", []))
    assert pairs(found["info"].get("tags", [])) == pairs(told["info"].get("tags", []))
    assert points_of(found) == points_of(told)


def points_of(model: dict[str, Any]) -> list[tuple[str, tuple[int, int, str]]]:
    """MLflow's table of what belongs to logged models has no NaN, and keeps 0 in place of it."""
    found = [(one["key"], point_of(one)) for one in model["data"].get("metrics", [])]
    return sorted((key, (when, step, "0.0" if value == "nan" else value)) for key, (when, step, value) in found)


def files_told(job: Job, relay: Relay) -> dict[str, bytes]:
    """As a client that downloads all of them gets them, by where MLflow keeps them."""
    found = {}
    for entry in relay.of_kind("file"):
        owner = f"models/{entry['model']}" if "model" in entry else entry.get("run", job.run.mlflow_run_id)
        place = f"{job.run.mlflow_experiment_id}/{owner}/artifacts"
        data = relay.file(entry["path"], place=place)
        found[f"{owner}/artifacts/{entry['path'].replace('%', chr(0xFF05))}"] = data
    return found


def load_models(job: Job, uris: list[str]) -> None:
    if not uris:
        return
    direct = environment(job, job.server.uri) | {"MLFLOW_TRACKING_TOKEN": TOKEN}
    command = [sys.executable, "-c", LOADED, *uris]
    done = subprocess.run(command, env=direct, cwd=job.folder, capture_output=True, timeout=300, check=False)
    assert done.stdout, done.stderr.decode()
    found = json.loads(done.stdout.splitlines()[-1])
    assert [one for one in found if one not in ("loaded", [2, 4])] == []
    assert [2, 4] in found
