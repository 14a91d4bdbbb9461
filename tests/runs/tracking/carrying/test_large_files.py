"""A large file that was logged crosses the site's wire once, and makes room at the site when it is in MLflow."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from pytest_django.fixtures import Settings

from connections.unicore.client import SiteClient
from connections.unicore.errors import SiteUnavailable
from runs.models import Journal
from runs.tracking.journals.passed_over import NO_ROOM
from tests.runs.test_on_a_site import follow_until
from tests.runs.tracking.carrying.conftest import NAME, Job, JobMaker
from tests.support.mlflow_server import MlflowServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

MIB = 2**20
CONTENT = random.Random(1).randbytes(6 * MIB)


@pytest.fixture(autouse=True)
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.tracking.journals.files.LARGE", 2 * MIB)


@contextmanager
def watched_reads(*, silent_after: int = 100) -> Iterator[list[int]]:
    """The places from which a file of the site is read; after so many, the site does not answer."""
    read, places = SiteClient.read, list[int]()

    def watched(site: SiteClient, job_url: str, path: str, offset: int, length: int) -> bytes:
        if ".files/" not in path:
            return read(site, job_url, path, offset, length)
        if len(places) == silent_after:
            raise SiteUnavailable("The site does not answer.")
        places.append(offset)
        return read(site, job_url, path, offset, length)

    with patch.object(SiteClient, "read", watched):
        yield places


def stored(job: Job, server: MlflowServer, path: str) -> Path:
    folder: Path = server.data_dir / "artifacts" / job.run.mlflow_experiment_id / job.run.mlflow_run_id / "artifacts"
    return folder / path


def wait_for_bytes_kept(server: MlflowServer, least: int) -> None:
    """The server writes down what has come when it sees that nothing more does."""
    kept = server.data_dir / "artifacts" / ".uploads"
    opened = Path(f"/proc/{server.pid}/fd")

    def is_written_to() -> bool:
        links = [link.readlink() for link in opened.iterdir() if link.is_symlink()]
        return any(kept in link.parents for link in links)

    wait_until(lambda: sum(path.stat().st_size for path in kept.iterdir()) >= least and not is_written_to())


def test_it_goes_on_where_the_site_fell_silent(start_job: JobMaker, mlflow_server: MlflowServer) -> None:
    job = start_job()
    job.put("large.bin", CONTENT)
    with watched_reads(silent_after=4) as places:
        assert job.carry().failures == 1
    assert places == [0, MIB, 2 * MIB, 3 * MIB]
    wait_for_bytes_kept(mlflow_server, 2 * MIB)
    assert not stored(job, mlflow_server, "large.bin").exists()
    with watched_reads() as places:
        assert job.carry().failures == 0
    assert places[0] >= 2 * MIB
    assert stored(job, mlflow_server, "large.bin").read_bytes() == CONTENT
    assert Journal.objects.get(run=job.run).passed_over == {}


def test_it_makes_room_at_the_site_when_the_run_is_over(start_job: JobMaker, mlflow_server: MlflowServer) -> None:
    job = start_job(seconds=0)
    job.put("large.bin", CONTENT)
    job.put("small.txt", b"small")
    job.carry()
    folder = job.relay.folder
    # The training may still read it there.
    assert list((folder / f"{NAME}.files").iterdir())
    job.end()
    follow_until(job.run, lambda run: run.is_terminal)
    assert job.carry().due_at is None
    assert not (folder / f"{NAME}.files").exists()
    assert (folder / NAME).exists()
    assert (folder / f"{NAME}.pack").exists()
    assert stored(job, mlflow_server, "large.bin").read_bytes() == CONTENT


def test_what_mlflow_does_not_have_stays_at_the_site(start_job: JobMaker, settings: Settings) -> None:
    settings.MANTIK_TRACKING_RUN_MAX_BYTES = 5 * MIB
    job = start_job(seconds=0)
    job.put("large.bin", CONTENT)
    job.end()
    follow_until(job.run, lambda run: run.is_terminal)
    assert job.carry().due_at is None
    assert Journal.objects.get(run=job.run).passed_over == {NO_ROOM: 1}
    [kept] = (job.relay.folder / f"{NAME}.files").iterdir()
    assert kept.read_bytes() == CONTENT


def test_a_site_that_removes_nothing_delays_nothing(start_job: JobMaker) -> None:
    job = start_job(seconds=0)
    job.put("large.bin", os.urandom(3 * MIB))
    job.end()
    follow_until(job.run, lambda run: run.is_terminal)
    with patch.object(SiteClient, "remove", side_effect=SiteUnavailable("The site does not answer.")):
        assert job.carry().due_at is None
