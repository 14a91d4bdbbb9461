"""Trainings on nodes without a network, at both sites: what they log is what MLflow has if they log to it directly."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.mlflow.for_workers import control
from connections.mlflow.values import ModelSource
from runs.following.kept_log import raw_log
from runs.following.poll import claim_due, due_connections, follow_runs
from runs.models import Journal, Run
from runs.registered_models.services import register_model
from runs.registered_models.worker import tend
from runs.services import watch
from runs.states import RunState
from runs.submission.submit import submit_run
from runs.tracking.carrying.worker import carry, due_rows
from tests.support.mlflow_server import HEADERS, TOKEN, MlflowServer
from tests.support.sites import RunningSite
from tests.support.world import World, make_world

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 120
MLPROJECT = """\
name: node
entry_points:
  main:
    parameters:
      marks: {type: path, default: .}
      python: {type: path}
      seconds: {type: float, default: 0}
    command: "{python} train.py {seconds}"
"""
TRAIN = """
import math, pathlib, socket, sys, time

import mlflow


class Doubler(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [2 * one for one in model_input]


def log_model():
    return mlflow.pyfunc.log_model(name="model", python_model=Doubler(), pip_requirements=["mlflow"])


print([name for _, name in socket.if_nameindex()])
with mlflow.start_run() as run:
    mlflow.log_params({"rate": 0.1, "odd/name ü": "ü", **{f"p{number}": number for number in range(150)}})
    for step in range(300):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"a": step, "b": -step}, step=step)
    for value in (math.nan, math.inf, -math.inf, 1e300, 5e-324):
        mlflow.log_metric("odd", value)
    time.sleep(float(sys.argv[1]))
    mlflow.set_tags({"note": "with ü and 漢字", "gone": "1"})
    mlflow.delete_tag("gone")
    mlflow.log_text("hello", "texts/hello.txt")
    mlflow.log_text("", "empty.txt")
    pathlib.Path("large.bin").write_bytes(bytes(range(256)) * 12_000)
    mlflow.log_artifact("large.bin", "weights")
    with mlflow.start_run(nested=True, run_name="child"):
        mlflow.log_metric("inner", 1.0)
        mlflow.log_param("depth", 2)
    print("model", log_model().model_id)
"""


@pytest.fixture
def world(
    transactional_db: None, settings: Settings, tmp_path: Path, cut_off_site: RunningSite, mlflow_server: MlflowServer
) -> World:
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    user = cut_off_site.users["demo"]
    files = {"MLproject": MLPROJECT, "train.py": TRAIN}
    return make_world(tmp_path, base_url=cut_off_site.base_url, login=user.login, password=user.password, files=files)


def start(world: World, *, seconds: float = 0) -> Run:
    run = world.start_run(parameters={"python": sys.executable, "seconds": str(seconds)})
    submit_run(run_id=run.pk, clock=timezone.now)
    run.refresh_from_db()
    return run


def work_until(run: Run, is_there: Callable[[Run], bool]) -> Run:
    """What the sweeps have workers do, while somebody has the page open."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_there(run):
        assert time.monotonic() < deadline, f"{run.state}: {run.waiting_for} {run.outcome} {text_of_log(run)}"
        watch(run=run, now=timezone.now())
        for connection_id in due_connections(now=timezone.now()):
            follow_runs(run_ids=claim_due(connection_id=connection_id, now=timezone.now()), clock=timezone.now)
        for pk, takes_large in due_rows(now=timezone.now(), limit=10):
            carry(job_tracking_id=pk, clock=timezone.now, takes_large=takes_large)
        run.refresh_from_db()
        time.sleep(0.1)
    return run


def is_done(run: Run) -> bool:
    return run.is_terminal and run.next_poll_at is None


def text_of_log(run: Run) -> str:
    return b"".join(raw_log(run)).decode()


def log_directly(world: World, server: MlflowServer, directory: Path) -> str:
    """The same training, straight to MLflow. The id of its run."""
    experiment = control().ensure_experiment(world.experiment.mlflow_name)
    run_id = control().create_run(experiment, name="direct", tags={}, start_time=timezone.now())
    (directory / "train.py").write_text(TRAIN)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "MANTIK_"))},
        "MLFLOW_TRACKING_URI": server.uri,
        "MLFLOW_TRACKING_TOKEN": TOKEN,
        "MLFLOW_RUN_ID": run_id,
        "MLFLOW_EXPERIMENT_ID": experiment,
    }
    subprocess.run([sys.executable, "train.py", "0"], cwd=directory, env=environment, check=True)
    return run_id


class Kept:
    """What MLflow has of a run."""

    def __init__(self, server: MlflowServer, run_id: str) -> None:
        self._client = httpx.Client(base_url=server.uri, headers=HEADERS, trust_env=False)
        self._server, self.run_id = server, run_id

    def _get(self, path: str, **query: Any) -> Any:
        answer = self._client.get(f"/api/2.0/mlflow/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @property
    def run(self) -> Any:
        return self._get("runs/get", run_id=self.run_id)["run"]

    def points(self) -> dict[str, list[tuple[int, str]]]:
        keys = [metric["key"] for metric in self.run["data"].get("metrics", [])]
        histories = {
            key: self._get("metrics/get-history", run_id=self.run_id, metric_key=key)["metrics"] for key in keys
        }
        return {
            key: [(int(point.get("step", 0)), str(float(point["value"]))) for point in history]
            for key, history in histories.items()
            if not key.startswith("system/")
        }

    def pairs(self, kind: str) -> dict[str, str]:
        found = {pair["key"]: pair["value"] for pair in self.run["data"].get(kind, [])}
        return {key: value for key, value in found.items() if not key.startswith(("mlflow.", "mantik."))}

    def files(self) -> dict[str, str]:
        """By path, the checksum of each."""
        experiment = self.run["info"]["experiment_id"]
        top = self._server.data_dir
        [folder] = list(top.rglob(f"{experiment}/{self.run_id}/artifacts"))
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*")
            if path.is_file()
        }

    def children(self) -> list[tuple[str, str, dict[str, list[tuple[int, str]]], dict[str, str]]]:
        body = {
            "experiment_ids": [self.run["info"]["experiment_id"]],
            "filter": f"tags.`mlflow.parentRunId` = '{self.run_id}'",
        }
        answer = self._client.post("/api/2.0/mlflow/runs/search", json=body).json()
        found = [Kept(self._server, one["info"]["run_id"]) for one in answer.get("runs", [])]
        return [
            (one.run["info"]["run_name"], one.run["info"]["status"], one.points(), one.pairs("params")) for one in found
        ]


def test_what_a_node_without_a_network_logs_is_what_mlflow_has_directly(
    world: World, mlflow_server: MlflowServer, tmp_path: Path
) -> None:
    run = work_until(start(world), is_done)
    assert run.state == RunState.FINISHED, text_of_log(run)
    assert "['lo']" in text_of_log(run)
    assert "logs to the relay on this node" in text_of_log(run)

    carried = Kept(mlflow_server, run.mlflow_run_id)
    direct = Kept(mlflow_server, log_directly(world, mlflow_server, tmp_path))
    assert carried.points() == direct.points()
    assert carried.pairs("params") == direct.pairs("params")
    assert carried.pairs("tags") == direct.pairs("tags")
    assert carried.files() == direct.files()
    assert carried.children() == direct.children()
    assert carried.run["info"]["status"] == direct.run["info"]["status"] == "FINISHED"
    journal = Journal.objects.get(run=run)
    assert (journal.has_end, journal.passed_over) == (True, {})


def test_its_metrics_are_there_within_ten_seconds_while_it_runs(world: World, mlflow_server: MlflowServer) -> None:
    run = work_until(start(world, seconds=15), lambda run: "loss" in control().run_data(run.mlflow_run_id).metrics)
    assert run.state == RunState.RUNNING
    assert run.running_at is not None
    # The client has to be imported first.
    assert timezone.now() - run.running_at < timedelta(seconds=15)
    work_until(run, is_done)


def test_its_model_is_registered_and_loaded_by_a_member(world: World, mlflow_server: MlflowServer) -> None:
    run = work_until(start(world), is_done)
    model_id = text_of_log(run).partition("\nmodel ")[2].split()[0]
    source = ModelSource(run.mlflow_run_id, model_id=model_id)
    model = register_model(run=run, actor=world.user, name="doubler", description="", source=source, now=timezone.now())
    tend(model_id=model.pk, clock=timezone.now)
    model.refresh_from_db()
    assert model.is_registered, model.waiting_for
    load = f"import mlflow; print(mlflow.pyfunc.load_model('models:/{model_id}').predict([1, 2]))"
    environment = os.environ | {"MLFLOW_TRACKING_URI": mlflow_server.uri, "MLFLOW_TRACKING_TOKEN": TOKEN}
    done = subprocess.run([sys.executable, "-c", load], env=environment, capture_output=True, text=True, check=False)
    assert "[2, 4]" in done.stdout, done.stderr
