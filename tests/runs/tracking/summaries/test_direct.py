"""What clients log through the gateway is in our rows once MLflow has it."""

from __future__ import annotations

import math
import threading
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError
from structlog.testing import capture_logs

from mantik.lib import gathering as gathering_module
from mantik.lib.gathering import Gathering
from runs.models import MetricSummary, Run, RunParam, RunSummaries, RunTag
from runs.tracking.summaries.buckets import Point
from runs.tracking.summaries.direct import Accepted, store
from runs.tracking.summaries.logged import Logged
from tests.runs.tracking.gateway.asking import API, Answer, Call, ask, token_of_job
from tests.runs.tracking.journals.conftest import job as job
from tests.runs.tracking.journals.conftest import new_job as new_job
from tests.runs.tracking.journals.jobs import Job
from tests.runs.tracking.summaries.oracle import stored_summary, summary_of
from tests.support import factories
from tests.support.waiting import wait_until

NOW = 1_764_000_000_000


def log(job: Job, call: str, **fields: Any) -> Answer:
    body = {"run_id": job.run.mlflow_run_id} | fields
    return ask(token_of_job(job.run), Call("POST", f"{API}runs/{call}", body=body))


def point(step: int, value: object) -> dict[str, Any]:
    return {"key": "loss", "value": value, "timestamp": NOW + step, "step": step}


@pytest.mark.django_db
def test_each_call_that_logs_is_taken_in(job: Job) -> None:
    log(job, "log-metric", **point(0, 1.0))
    log(job, "log-metric", key="loss", value="NaN", timestamp=str(NOW + 1), step="1")
    log(
        job,
        "log-batch",
        metrics=[point(2, "Infinity"), point(3, 0.5)],
        params=[{"key": "lr", "value": "0.1"}],
        tags=[{"key": "stage", "value": "first"}, {"key": "note", "value": "x"}],
    )
    log(job, "log-parameter", key="opt", value="adam")
    log(job, "set-tag", key="stage", value="second")
    log(job, "delete-tag", key="note")

    points = [Point("", "loss", value, NOW + step, step) for step, value in enumerate([1.0, math.nan, math.inf, 0.5])]
    assert stored_summary(job.run, "", "loss") == summary_of(points)
    params = RunParam.objects.filter(run=job.run).values_list("name__key", "value", "number")
    assert set(params) == {("lr", "0.1", 0.1), ("opt", "adam", None)}
    assert set(RunTag.objects.filter(run=job.run).values_list("name__key", "value")) == {("stage", "second")}
    assert RunSummaries.objects.get(run=job.run).was_direct


@pytest.mark.django_db
def test_a_child_has_rows_of_its_own(job: Job) -> None:
    made = log(job, "create", experiment_id="0", start_time=NOW, tags=[{"key": "fold", "value": "1"}])
    assert made.status == 200
    child = str(job.run.tracked_items.get().mlflow_id)

    log(job, "log-metric", **point(0, 7.0) | {"run_id": child})

    assert stored_summary(job.run, child, "loss")["last"] == 7.0
    assert ("fold", "1") in RunTag.objects.filter(run=job.run, owner=child).values_list("name__key", "value")
    assert not MetricSummary.objects.filter(run=job.run, owner="").exists()


@pytest.mark.django_db
def test_what_mlflow_refuses_is_not_taken_in(job: Job) -> None:
    log(job, "log-parameter", key="lr", value="0.1")
    refused = log(job, "log-parameter", key="lr", value="0.2")

    assert refused.status == 400
    assert [row.value for row in RunParam.objects.filter(run=job.run)] == ["0.1"]


def accepted(run: Run, value: float) -> Accepted:
    logged = Logged()
    logged.add_tags(run.mlflow_run_id, {"value": str(value)})
    return Accepted(run, logged)


@pytest.mark.django_db(transaction=True)
def test_a_run_that_was_deleted_keeps_nobody_from_being_stored() -> None:
    gone, there = factories.make_run(mlflow_run_id="a" * 32), factories.make_run(mlflow_run_id="b" * 32)
    Run.objects.filter(pk=gone.pk).delete()

    store([accepted(gone, 1), accepted(there, 2)])

    assert list(RunTag.objects.values_list("run", "value")) == [(there.pk, "2")]


@pytest.mark.django_db
def test_the_last_of_several_values_of_a_tag_counts() -> None:
    run = factories.make_run(mlflow_run_id=uuid4().hex)

    store([accepted(run, value) for value in (1, 2, 3)])

    assert list(RunTag.objects.values_list("value", flat=True)) == ["3"]
    assert RunSummaries.objects.get(run=run).version == 1


def test_what_is_gathered_is_stored_together_also_after_the_database_was_away() -> None:
    stored: list[list[int]] = []
    failures = [OperationalError()]

    def write(items: list[int]) -> None:
        if failures:
            raise failures.pop()
        stored.append(items)

    gathering = Gathering(write)
    assert not gathering.offer(0)
    gathering.start()
    for item in (1, 2, 3):
        assert gathering.offer(item)
    wait_until(lambda: bool(stored))
    assert gathering.offer(4)
    gathering.stop()

    assert stored == [[1, 2, 3], [4]]
    assert not gathering.offer(5)


def test_what_there_is_no_room_for_is_counted_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering_module, "MOST", 2)
    is_stored, may_go_on = threading.Event(), threading.Event()

    stored: list[int] = []

    def write(items: list[int]) -> None:
        stored.extend(items)
        is_stored.set()
        may_go_on.wait()

    gathering = Gathering(write)
    with capture_logs() as logged:
        gathering.start()
        gathering.offer(0)
        is_stored.wait()
        for item in (1, 2, 3, 4, 5):
            assert gathering.offer(item)
        may_go_on.set()
        gathering.stop()

    # Also those that came in while others were being stored, just before the end.
    assert stored == [0, 1, 2]
    assert [entry for entry in logged if entry["event"] == "gathered_passed_over"] == [
        {"event": "gathered_passed_over", "log_level": "warning", "count": 3, "most": 2}
    ]
