"""A job that is over and has logged all kinds of things, fetched and applied; and what has to come of it."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.utils import timezone

from runs.job import layout
from runs.models import JobTracking, Journal, MetricSummary, Run, RunParam, RunTag
from tests.exactly_once.conftest import Stage
from tests.exactly_once.pool import Kill
from tests.runs.job.relay.relays import Relay, relay_in
from tests.support.mlflow_server import HEADERS
from tests.support.sites import RunningSite

# Beside what the job itself has left: one that logs all kinds of things.
NAME = "journal-2"
POINTS = 400
LARGE = bytes(range(256)) * 8192
MOST_TURNS = 400


def finished(stage: Stage) -> Run:
    """A run whose job is over, and of which nothing has been fetched yet."""
    run = stage.world.start_run()
    stage.until_handed_over(run)
    stage.await_change(run)
    stage.turn(run, task="follow")
    assert run.is_terminal
    return run


def folder_of(run: Run, site: RunningSite) -> Path:
    """Where its relays keep what was logged."""
    return site.directory / run.job_url.rsplit("/", 1)[1] / layout.TRACKING


def log_everything(run: Run, folder: Path, *, between: Callable[[Relay], None] = lambda _: None, **seed: Any) -> None:
    """`between` is called between any two calls of the training."""
    root = f"mlflow-artifacts:/{run.mlflow_experiment_id}"
    known = {"run_id": run.mlflow_run_id, "experiment_id": run.mlflow_experiment_id, "artifact_root": root}
    place = f"{run.mlflow_experiment_id}/{run.mlflow_run_id}/artifacts"
    with relay_in(folder, sys.executable, name=NAME, **known, **seed) as relay:
        for number in range(POINTS):
            between(relay)
            point = {"key": "loss", "value": number / 7, "timestamp": number, "step": number}
            relay.post("runs/log-metric", run_id=run.mlflow_run_id, **point)
            if number % 40 == 0:
                between(relay)
                relay.post("runs/set-tag", run_id=run.mlflow_run_id, key="latest", value=str(number))
        between(relay)
        relay.post("runs/log-parameter", run_id=run.mlflow_run_id, key="rate", value="0.1")
        between(relay)
        relay.post("runs/delete-tag", run_id=run.mlflow_run_id, key="latest")
        tags = [{"key": "mlflow.parentRunId", "value": run.mlflow_run_id}]
        between(relay)
        child = relay.post("runs/create", experiment_id="0", run_name="child", start_time=1, tags=tags)
        child_id = child["run"]["info"]["run_id"]
        between(relay)
        relay.post("runs/log-metric", run_id=child_id, key="inner", value=1.0, timestamp=1, step=0)
        between(relay)
        relay.post("runs/update", run_id=child_id, status="FINISHED", end_time=2)
        between(relay)
        assert relay.put("notes.txt", b"hello", place=place).status == 200
        between(relay)
        assert relay.put("large.bin", LARGE, place=place).status == 200
        between(relay)
        model = relay.post("logged-models", experiment_id="0", name="model", source_run_id=run.mlflow_run_id)
        between(relay)
        relay.post("runs/outputs", run_id=run.mlflow_run_id, models=[{"model_id": model["model"]["info"]["model_id"]}])
        between(relay)
        assert relay.hang_up() == 0


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
    assert_our_rows_are_right(run, child["info"]["run_id"])


def assert_our_rows_are_right(run: Run, child_id: str) -> None:
    """Each point is counted once, and no param or tag is left over."""
    rows = MetricSummary.objects.filter(run=run, name__key__in=["loss", "inner"])
    found = {(row.owner, row.name.key): (row.count, row.first, row.last, row.last_step) for row in rows}
    last = POINTS - 1
    assert found == {("", "loss"): (POINTS, 0.0, last / 7, last), (child_id, "inner"): (1, 1.0, 1.0, 0)}
    assert list(RunParam.objects.filter(run=run, name__key="rate").values_list("value", flat=True)) == ["0.1"]
    assert not RunTag.objects.filter(run=run, name__key="latest").exists()


def until_home(stage: Stage, run: Run, kill: Callable[[], Kill | None] = lambda: None) -> None:
    """`kill` says at what the worker of the next turn is killed."""
    turns = 0
    while not is_home(run):
        carry(stage, run, kill())
        turns += 1
        assert turns < MOST_TURNS, JobTracking.objects.get(run=run).waiting_for
