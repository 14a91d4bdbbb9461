"""Jobs that leave several journals: of each of their nodes, and of each time that they were started."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from connections.mlflow.for_workers import history
from runs.models import Journal
from tests.runs.job.relay.relays import relay_in
from tests.runs.test_on_a_site import follow_until
from tests.runs.tracking.carrying.conftest import Job, JobMaker

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def another(job: Job, name: str) -> Iterator[Job]:
    """The same job, as a training sees it that logs to the relay of that journal."""
    run = job.run
    known = {
        "run_id": run.mlflow_run_id,
        "experiment_id": run.mlflow_experiment_id,
        "artifact_root": f"mlflow-artifacts:/{run.mlflow_experiment_id}",
    }
    with relay_in(job.relay.folder, sys.executable, name=name, **known) as relay:
        yield Job(run, relay)


def test_what_every_node_logs_is_in_mlflow_once(start_job: JobMaker) -> None:
    job = start_job(seconds=1)
    job.end()
    for node in ("a", "b", "c"):
        with another(job, f"journal-{node}-1") as rank:
            rank.log(*range(50), key=f"loss-{node}")
            # The same from each of them.
            rank.log(*range(50), key="step")
            rank.put(f"logs/{node}.txt", node.encode())
            rank.put("config.txt", b"12345")
            child = rank.relay.post("runs/create", tags=[{"key": "mlflow.runName", "value": node}])
            assert child["run"]["info"]["run_id"]
            rank.end()
    follow_until(job.run, lambda run: run.is_terminal)
    assert job.carry().due_at is None
    assert [points(job, key) for key in ("loss-a", "loss-b", "loss-c", "step")] == [list(range(50))] * 4
    assert job.run.tracked_items.filter(kind="run").count() == 3
    # The file that each of them has logged is one, and was sent three times.
    job.run.refresh_from_db()
    assert job.run.tracked_bytes == 3 * (len("a") + 5)
    assert {name: passed_over for name, passed_over in journals(job).items() if passed_over} == {}


def test_a_job_that_was_started_again_goes_on(start_job: JobMaker) -> None:
    """From its checkpoint: what it logs again stands beside what it had logged."""
    job = start_job(seconds=1)
    job.log(*range(30))
    job.put("checkpoint.bin", b"first")
    job.carry()
    # The batch system has taken the node away.
    job.relay.kill()
    with another(job, "journal-2") as again:
        again.log(*range(20, 60))
        again.put("checkpoint.bin", b"second")
        again.end()
    follow_until(job.run, lambda run: run.is_terminal)
    job.carry()
    assert points(job, "loss") == list(range(60))
    assert list(journals(job).values()) == [{}, {}]


def points(job: Job, key: str) -> list[int]:
    """The steps that MLflow has."""
    return [point.step for page in history().points(job.run.mlflow_run_id, key) for point in page]


def journals(job: Job) -> dict[str, dict[str, int]]:
    return dict(Journal.objects.filter(run=job.run).order_by("pk").values_list("name", "passed_over"))
