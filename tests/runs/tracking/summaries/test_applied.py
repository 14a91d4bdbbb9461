"""What a journal brings to MLflow is in our rows as well."""

from __future__ import annotations

import math
from uuid import uuid4

import pytest

from runs.models import MetricSummary, RunParam, RunTag
from runs.tracking.summaries.buckets import Point
from tests.runs.tracking.journals.conftest import job as job
from tests.runs.tracking.journals.conftest import new_job as new_job
from tests.runs.tracking.journals.jobs import Job
from tests.runs.tracking.summaries.oracle import stored_ladder, stored_summary, summary_of

pytestmark = pytest.mark.django_db
NOW = 1_764_000_000_000


def write(job: Job, child: str) -> list[Point]:
    """The points of the run itself."""
    values: list[float | str] = [1.0, "NaN", 0.5, "Infinity", 0.25]
    job.write(
        {"k": "start", "format": 1},
        {"k": "params", "params": {"lr": "1e-3", "opt": "adam"}},
        {"k": "tags", "tags": {"stage": "first", "note": "x", "mantik.run": "forged"}},
        {"k": "metrics", "points": {"loss": [values, [NOW, 1, 1, 1, 1], [0, 1, 1, 1, 1]]}},
        {"k": "child", "run": child, "name": "fold", "user": "ada", "start": NOW, "tags": {"fold": "1"}},
        {"k": "metrics", "run": child, "points": {"loss": [[7.0], [NOW], [0]]}},
        {"k": "params", "run": child, "params": {"lr": "0.1"}},
        {"k": "tags", "tags": {"stage": "second"}},
        {"k": "untag", "key": "note"},
        {"k": "end"},
    )
    return [Point("", "loss", float(value), NOW + step, step) for step, value in enumerate(values)]


def stored(job: Job) -> dict[str, object]:
    return {
        "metrics": {
            (row.owner, row.name.key): (row.last, row.count, row.nans, row.infinities)
            for row in MetricSummary.objects.filter(run=job.run).select_related("name")
        },
        "params": set(RunParam.objects.filter(run=job.run).values_list("owner", "name__key", "value", "number")),
        "tags": set(RunTag.objects.filter(run=job.run).values_list("owner", "name__key", "value")),
    }


def test_a_journal_is_taken_in_as_mlflow_takes_it(job: Job) -> None:
    child = uuid4().hex
    points = write(job, child)

    assert job.apply(is_over=True).is_all

    assert stored_summary(job.run, "", "loss") == summary_of(points)
    found = stored(job)
    assert found["metrics"] == {("", "loss"): (0.25, 5, 1, 1), (child, "loss"): (7.0, 1, 0, 0)}
    assert found["params"] == {("", "lr", "1e-3", 0.001), ("", "opt", "adam", None), (child, "lr", "0.1", 0.1)}
    tags = found["tags"]
    assert isinstance(tags, set)
    assert {tag for tag in tags if not tag[1].startswith("mlflow.")} == {("", "stage", "second"), (child, "fold", "1")}


def test_a_worker_that_stops_now_and_then_brings_the_same(job: Job) -> None:
    child = uuid4().hex
    write(job, child)
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked % 4 == 0

    job.stop = stop
    turns = 0
    while not job.apply(is_over=True).is_all:
        turns += 1
        assert turns < 50

    assert turns > 1
    assert stored(job)["metrics"] == {("", "loss"): (0.25, 5, 1, 1), (child, "loss"): (7.0, 1, 0, 0)}


def test_a_long_metric_is_a_ladder(job: Job) -> None:
    job.write({"k": "start", "format": 1})
    for start in range(0, 6000, 1000):
        values = [math.sin(step) for step in range(start, start + 1000)]
        job.write({"k": "metrics", "points": {"loss": [values, [NOW + start, *[1] * 999], [start, *[1] * 999]]}})

    assert job.apply(is_over=True).is_all

    buckets = stored_ladder(job.run, "", "loss")[1]
    assert (len(buckets), {bucket["count"] for bucket in buckets}) == (1500, {4})
    assert stored_summary(job.run, "", "loss")["count"] == 6000


def test_a_point_that_is_linked_to_a_model_later_is_counted_once(job: Job) -> None:
    """As MLflow's clients do that log a model: they log the points of its step again, as those of the model."""
    model = f"m-{uuid4().hex}"
    points = {"loss": [[0.5, 0.25], [NOW, 1], [0, 1]]}
    linked = {"k": "metrics", "points": {"loss": [[0.25], [NOW + 1], [1]]}, "of": [model, "data", "abc"], "again": True}
    job.write(
        {"k": "start", "format": 1},
        {"k": "metrics", "points": points},
        {"k": "model", "model": model, "name": "net", "type": "", "params": {}, "tags": {}, "time": NOW},
        linked,
        {"k": "end"},
    )

    assert job.apply(is_over=True).is_all

    assert len(job.points("loss")) == 2
    assert stored(job)["metrics"] == {("", "loss"): (0.25, 2, 0, 0)}
