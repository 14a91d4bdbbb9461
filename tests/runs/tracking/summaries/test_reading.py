"""What our rows may lack is read from MLflow, once."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.mlflow import history
from runs.models import MetricSummary, Run, RunParam, RunSummaries, RunTag
from runs.states import RunState
from runs.tracking.summaries import reading
from runs.tracking.summaries.buckets import Point
from runs.tracking.summaries.take_in import take_in
from runs.tracking.summaries.texts import take_in_tags
from tests.runs.tracking.journals.conftest import job as job
from tests.runs.tracking.journals.conftest import new_job as new_job
from tests.runs.tracking.journals.jobs import Job
from tests.runs.tracking.summaries.oracle import ladder_of, stored_ladder, stored_summary, summary_of
from tests.support import factories

pytestmark = pytest.mark.django_db
NOW = 1_764_000_000_000
_WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def log(job: Job, points: list[Point], **fields: Any) -> None:
    """Straight to MLflow."""
    metrics = [
        {
            "key": point.key,
            "value": point.value if math.isfinite(point.value) else _WORDS[str(point.value)],
            "timestamp": point.timestamp,
            "step": point.step,
        }
        for point in points
    ]
    for start in range(0, len(metrics), 900):
        job.ask("POST", "runs/log-batch", run_id=job.run.mlflow_run_id, metrics=metrics[start : start + 900], **fields)


def end(job: Job, *, at: datetime | None = None) -> None:
    ended = at or timezone.now() - timedelta(hours=1)
    Run.objects.filter(pk=job.run.pk).update(state=RunState.FINISHED, ended_at=ended, tracking_closed=True)


def summaries(job: Job, **columns: Any) -> None:
    RunSummaries.objects.update_or_create(run=job.run, defaults=columns)


def row(job: Job) -> RunSummaries:
    return RunSummaries.objects.get(run=job.run)


POINTS = [Point("", "loss", math.sin(step), NOW + step, step) for step in range(2500)]
ODD = [Point("", "odd", value, NOW + step, -step) for step, value in enumerate([1.0, math.nan, math.inf, -math.inf])]


def test_a_run_from_before_is_read_as_a_whole(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_PAGE", 700)
    log(job, [*POINTS, *ODD], params=[{"key": "lr", "value": "0.1"}], tags=[{"key": "stage", "value": "x"}])
    child = job.ask("POST", "runs/create", experiment_id=job.run.mlflow_experiment_id)["run"]["info"]["run_id"]
    job.ask("POST", "runs/log-metric", run_id=child, key="loss", value=7.0, timestamp=NOW, step=0)
    factories.make_tracked_item(job.run, mlflow_id=child)
    end(job)
    summaries(job, is_partial=True, due_at=job.run.created_at)

    reading.read_due(clock=timezone.now)

    for points in (POINTS, ODD):
        key = points[0].key
        assert stored_summary(job.run, "", key) == summary_of(points)
        assert stored_ladder(job.run, "", key) == ladder_of(points, most=2000)
    assert stored_summary(job.run, child, "loss")["last"] == 7.0
    assert RunParam.objects.get(run=job.run).number == 0.1
    assert ("stage", "x") in RunTag.objects.filter(run=job.run, owner="").values_list("name__key", "value")
    assert not RunTag.objects.filter(name__key__startswith="mantik.").exists()
    assert (row(job).is_partial, row(job).due_at, row(job).lease_token) == (False, None, None)


def test_a_run_that_still_logs_is_read_now_and_counted_at_its_end(job: Job) -> None:
    log(job, POINTS)
    take_in(job.run, POINTS[2000:])
    summaries(job, is_partial=True, was_direct=True, due_at=timezone.now())

    reading.read_due(clock=timezone.now)

    assert stored_summary(job.run, "", "loss") == summary_of(POINTS) | {"count": 3000}
    assert (row(job).is_partial, row(job).was_direct, row(job).due_at) == (False, True, None)

    end(job)
    reading.make_due(now=timezone.now())
    reading.read_due(clock=timezone.now)

    assert stored_summary(job.run, "", "loss") == summary_of(POINTS)
    assert (row(job).was_direct, row(job).due_at) == (False, None)


def test_what_a_killed_web_process_has_lost_is_there_after_the_end(job: Job) -> None:
    log(job, POINTS[:10], tags=[{"key": "there", "value": "x"}])
    take_in(job.run, POINTS[:5])
    take_in_tags(job.run, {"": {"gone": "deleted since"}})
    summaries(job, was_direct=True)
    reading.make_due(now=timezone.now())
    assert row(job).due_at is None

    end(job, at=timezone.now())
    reading.make_due(now=timezone.now())
    assert row(job).due_at is None, "its token is still valid"
    end(job)
    reading.make_due(now=timezone.now())
    reading.read_due(clock=timezone.now)

    assert stored_summary(job.run, "", "loss") == summary_of(POINTS[:10])
    names = set(RunTag.objects.filter(run=job.run).values_list("name__key", flat=True))
    assert "there" in names
    assert "gone" not in names


def test_rows_stay_if_mlflow_has_the_run_no_longer(job: Job) -> None:
    take_in(job.run, POINTS[:5])
    Run.objects.filter(pk=job.run.pk).update(mlflow_run_id="0" * 32)
    end(job)
    summaries(job, was_direct=True, due_at=timezone.now())

    reading.read_due(clock=timezone.now)

    assert MetricSummary.objects.get(run=job.run).count == 5
    assert row(job).due_at is None


def test_mlflow_that_does_not_answer_is_asked_later(job: Job, settings: Settings) -> None:
    settings.MANTIK_MLFLOW_URI = "http://127.0.0.1:9"
    now = timezone.now()
    summaries(job, is_partial=True, due_at=now)

    reading.read_due(clock=timezone.now)

    found = row(job)
    assert found.due_at is not None
    assert found.due_at > now
    assert (found.failures, found.lease_token, found.is_partial) == (1, None, True)


def test_one_worker_at_a_time(job: Job) -> None:
    summaries(job, is_partial=True, due_at=timezone.now(), lease_until=timezone.now() + timedelta(minutes=1))

    reading.read_due(clock=timezone.now)

    assert row(job).is_partial
