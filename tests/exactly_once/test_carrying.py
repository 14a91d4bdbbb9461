"""What a training has logged is in MLflow once and in its order, whoever is killed on the way and whatever is lost."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.utils import timezone

from runs.job import layout
from runs.models import JobTracking, Journal, Run
from tests.exactly_once.conftest import Stage, StageMaker, aim_at
from tests.exactly_once.pool import KILLED, Kill
from tests.runs.job.relay.relays import relay_in
from tests.support.fault_proxy import Aim, Fault
from tests.support.mlflow_server import HEADERS
from tests.support.proofs import sample, trials
from tests.support.sites import RunningSite

# Beside what the job itself has left: one that logs all kinds of things.
NAME = "journal-2"
POINTS = 400
LARGE = bytes(range(256)) * 8192
# What workers ask while they fetch and apply, as the proxies name it.
REQUESTS = [
    *("runs/log-batch", "runs/create", "runs/update", "runs/outputs", "mlflow/logged-models"),
    *("artifacts/notes.txt", "artifacts/large.bin"),
]
FAULTS = (Fault.LOSE_REQUEST, Fault.LOSE_ANSWER, Fault.GATEWAY_PAGE, Fault.KILL_BEFORE, Fault.KILL_AFTER)
MOST_TURNS = 400


def finished(stage: Stage) -> Run:
    """A run whose job is over, and of which nothing has been fetched yet."""
    run = stage.world.start_run()
    stage.until_handed_over(run)
    stage.await_change(run)
    stage.turn(run, task="follow")
    assert run.is_terminal
    return run


def log_everything(run: Run, folder: Path) -> None:
    root = f"mlflow-artifacts:/{run.mlflow_experiment_id}"
    known = {"run_id": run.mlflow_run_id, "experiment_id": run.mlflow_experiment_id, "artifact_root": root}
    place = f"{run.mlflow_experiment_id}/{run.mlflow_run_id}/artifacts"
    with relay_in(folder, sys.executable, name=NAME, **known) as relay:
        for number in range(POINTS):
            point = {"key": "loss", "value": number / 7, "timestamp": number, "step": number}
            relay.post("runs/log-metric", run_id=run.mlflow_run_id, **point)
            if number % 40 == 0:
                relay.post("runs/set-tag", run_id=run.mlflow_run_id, key="latest", value=str(number))
        relay.post("runs/log-parameter", run_id=run.mlflow_run_id, key="rate", value="0.1")
        relay.post("runs/delete-tag", run_id=run.mlflow_run_id, key="latest")
        tags = [{"key": "mlflow.parentRunId", "value": run.mlflow_run_id}]
        child = relay.post("runs/create", experiment_id="0", run_name="child", start_time=1, tags=tags)
        child_id = child["run"]["info"]["run_id"]
        relay.post("runs/log-metric", run_id=child_id, key="inner", value=1.0, timestamp=1, step=0)
        relay.post("runs/update", run_id=child_id, status="FINISHED", end_time=2)
        assert relay.put("notes.txt", b"hello", place=place).status == 200
        assert relay.put("large.bin", LARGE, place=place).status == 200
        model = relay.post("logged-models", experiment_id="0", name="model", source_run_id=run.mlflow_run_id)
        relay.post("runs/outputs", run_id=run.mlflow_run_id, models=[{"model_id": model["model"]["info"]["model_id"]}])
        assert relay.hang_up() == 0


@pytest.fixture(params=["sandbox", pytest.param("unicorex", marks=pytest.mark.unicorex)])
def site(request: pytest.FixtureRequest) -> RunningSite:
    found: RunningSite = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def stage(stage_at: StageMaker, site: RunningSite) -> Stage:
    return stage_at(site)


@pytest.fixture
def run(stage: Stage, site: RunningSite) -> Run:
    run = finished(stage)
    log_everything(run, site.directory / run.job_url.rsplit("/", 1)[1] / layout.TRACKING)
    return run


def is_home(run: Run) -> bool:
    return not JobTracking.objects.filter(run=run, due_at__isnull=False).exists()


def carry(stage: Stage, run: Run, kill: Kill | None = None) -> int:
    JobTracking.objects.filter(run=run, due_at__isnull=False).update(due_at=timezone.now())
    return stage.turn(run, task="carry", kill=kill).status


def asked(path: str, **body: Any) -> Any:
    answer = httpx.post(
        f"{settings.MANTIK_MLFLOW_URI}/api/2.0/mlflow/{path}", json=body, headers=HEADERS, trust_env=False
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def fetched(path: str, **query: str) -> httpx.Response:
    return httpx.get(f"{settings.MANTIK_MLFLOW_URI}{path}", params=query, headers=HEADERS, trust_env=False)


def assert_all_is_there_once(stage: Stage, run: Run) -> None:
    api = "/api/2.0/mlflow"
    history = fetched(f"{api}/metrics/get-history", run_id=run.mlflow_run_id, metric_key="loss").json()["metrics"]
    points = [(point["step"], point["timestamp"], point["value"]) for point in history]
    expected = [(number, number, number / 7) for number in range(POINTS)]
    found = fetched(f"{api}/runs/get", run_id=run.mlflow_run_id).json()["run"]
    tags = {tag["key"] for tag in found["data"]["tags"]}
    children = asked(
        "runs/search",
        experiment_ids=[run.mlflow_experiment_id],
        filter=f"tags.`mlflow.parentRunId` = '{run.mlflow_run_id}'",
    )["runs"]
    doubled = len(points) - len(set(points)) + len(children) - 1
    stage.proved(entries=len(expected), doubled=doubled, lost=len(set(expected) - set(points)))
    assert points == expected
    assert {"key": "rate", "value": "0.1"} in found["data"]["params"]
    assert "latest" not in tags
    [child] = children
    assert (child["info"]["run_name"], child["info"]["status"]) == ("child", "FINISHED")
    assert [metric["key"] for metric in child["data"]["metrics"]] == ["inner"]
    assert len(found["outputs"]["model_outputs"]) == 1
    place = f"/api/2.0/mlflow-artifacts/artifacts/{run.mlflow_experiment_id}/{run.mlflow_run_id}/artifacts"
    assert fetched(f"{place}/notes.txt").content == b"hello"
    assert hashlib.sha256(fetched(f"{place}/large.bin").content).digest() == hashlib.sha256(LARGE).digest()
    journal = Journal.objects.get(run=run, name=NAME)
    assert (journal.passed_over, journal.has_end) == ({}, True)
    run.refresh_from_db()
    assert run.tracked_bytes == len(LARGE) + len(b"hello")


def kills(most: int) -> Iterator[Kill]:
    """At the first, second, third ... write and commit of a turn, again and again: so each turn may get further."""
    return cycle(
        Kill(at, nth, after=after)
        for nth in range(1, most + 1)
        for at in ("write", "commit")
        for after in (False, True)
    )


@pytest.mark.parametrize("trial", range(trials(1, 12)))
def test_a_worker_killed_at_one_write_or_commit_after_the_other(stage: Stage, run: Run, trial: int) -> None:
    turns, killing = 0, kills(9)
    for _ in range(trial):
        next(killing)
    while not is_home(run):
        carry(stage, run, next(killing))
        turns += 1
        assert turns < MOST_TURNS, JobTracking.objects.get(run=run).waiting_for
    assert_all_is_there_once(stage, run)


AIMS = [Aim(label, fault) for label in REQUESTS for fault in FAULTS]


@pytest.mark.parametrize("aim", sample(AIMS, one_in=8), ids=lambda aim: f"{aim.label}-{aim.fault}")
def test_a_request_that_is_lost_or_kills_the_worker(stage: Stage, run: Run, aim: Aim) -> None:
    proxy = aim_at(stage, aim)
    turns = 0
    while not is_home(run):
        carry(stage, run)
        turns += 1
        assert turns < MOST_TURNS, JobTracking.objects.get(run=run).waiting_for
    assert proxy.hit.is_set()
    assert_all_is_there_once(stage, run)


def test_without_any_trouble_it_takes_a_few_turns(stage: Stage, run: Run) -> None:
    assert carry(stage, run) != KILLED
    while not is_home(run):
        carry(stage, run)
    assert_all_is_there_once(stage, run)
