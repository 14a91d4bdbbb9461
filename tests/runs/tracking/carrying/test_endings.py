"""Jobs to which something happens that a training must not notice: it ends as it would have, and the page of the run
says what is missing."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from runs.models import MetricSummary, Run
from runs.states import RunState
from runs.tracking.carrying.worker import NO_END
from tests.runs.test_on_a_site import follow_until
from tests.runs.tracking.carrying.conftest import Job, JobMaker
from tests.support.pages import page_text
from tests.support.small_disk import SmallDisk, small_disk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def exits() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def page_of(run: Run) -> str:
    client = Client()
    client.force_login(run.created_by)
    return page_text(
        client.get(reverse("runs:detail", args=[run.project.slug, run.uuid]), {"tab": "events"}, follow=True)
    )


def ended_a_minute_ago(job: Job) -> Run:
    run = follow_until(job.run, lambda run: run.is_terminal)
    assert run.ended_at is not None
    Run.objects.filter(pk=run.pk).update(ended_at=run.ended_at - timedelta(seconds=61))
    run.refresh_from_db()
    return run


def test_a_quota_that_is_full_to_the_end(exits: ExitStack, start_job: JobMaker) -> None:
    disks: list[SmallDisk] = []

    def mount(folder: Path) -> None:
        disks.append(exits.enter_context(small_disk(folder, megabytes=8)))

    job = start_job(seconds=1, prepare=mount)
    job.log(*range(10))
    disks[0].fill()
    # Each is answered: nothing of this ends the training.
    job.log(*range(10, 200))
    job.put("small.txt", b"x" * 10_000)
    job.put("large.bin", b"x" * 3_000_000)
    job.end()
    run = ended_a_minute_ago(job)
    assert run.state == RunState.FINISHED
    assert job.carry().due_at is None
    # The last page of the journal had room for some more.
    kept = MetricSummary.objects.get(run=run, name__key="loss")
    assert 10 <= kept.count < 200
    assert (kept.last_step + 1, job.in_mlflow().metrics["loss"]) == (kept.count, kept.last_step / 7)
    assert NO_END in page_of(run)


def test_a_quota_that_was_full_for_a_while(exits: ExitStack, start_job: JobMaker) -> None:
    disks: list[SmallDisk] = []

    def mount(folder: Path) -> None:
        disks.append(exits.enter_context(small_disk(folder, megabytes=8)))

    job = start_job(seconds=1, prepare=mount)
    disks[0].fill()
    job.log(*range(100))
    disks[0].make_room()
    # It never fits, and is not waited for.
    job.put("large.bin", b"x" * 20_000_000)
    job.end()
    run = ended_a_minute_ago(job)
    assert job.carry().due_at is None
    assert MetricSummary.objects.get(run=run, name__key="loss").count == 100
    assert "The node could not keep all files that were logged" in page_of(run)
    assert not run.events.filter(kind="tracking.no-end").exists()


def test_a_platform_that_never_answers_a_relay(exits: ExitStack, start_job: JobMaker) -> None:
    host = exits.enter_context(socket.create_server(("127.0.0.1", 0)))
    job = start_job(seconds=1, platform=f"http://127.0.0.1:{host.getsockname()[1]}/tracking")
    job.log(*range(50))
    job.end()
    run = follow_until(job.run, lambda run: run.is_terminal)
    assert run.state == RunState.FINISHED
    assert job.carry().due_at is None
    assert MetricSummary.objects.get(run=run, name__key="loss").count == 50
