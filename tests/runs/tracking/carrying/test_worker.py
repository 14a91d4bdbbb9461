"""What trainings log reaches MLflow through the site, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from connections.mlflow.errors import TrackingUnavailable
from connections.mlflow.writer import Writer
from connections.unicore.client import SiteClient
from connections.unicore.errors import SiteUnavailable
from mantik.lib.leases import take
from runs.following.poll import follow_runs
from runs.models import JobTracking, Journal, Run
from runs.services import cancel_run, watch
from runs.states import RunState
from runs.tracking.carrying import worker
from runs.tracking.carrying.due import UNWATCHED_PAUSE, WATCHED_PAUSE, give_up, look_soon
from runs.tracking.carrying.worker import due_rows
from runs.tracking.journals.inbox import receive
from runs.tracking.last_entries import are_awaited
from tests.runs.test_on_a_site import follow_until
from tests.runs.tracking.carrying.conftest import NAME, Job, JobMaker
from tests.support import factories
from tests.support.messages import Message

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_logged_is_in_mlflow_while_the_job_runs(start_job: JobMaker) -> None:
    job = start_job()
    job.log(*range(20))
    job.put("notes.txt", b"hello")
    job.carry()
    assert job.in_mlflow().metrics["loss"] == 19 / 7
    job.log(*range(20, 40))
    job.carry()
    assert job.in_mlflow().metrics["loss"] == 39 / 7
    journal = Journal.objects.get(run=job.run)
    assert (journal.name, journal.number) == (NAME, job.relay.entries()[-1]["n"])
    assert journal.passed_over == {}


def test_it_is_looked_at_as_often_as_the_log(start_job: JobMaker) -> None:
    job = start_job()
    watch(run=job.run, now=timezone.now())
    row = job.carry()
    assert row.due_at is not None
    assert row.due_at - timezone.now() <= WATCHED_PAUSE
    job.run.refresh_from_db()
    job.run.watched_until = None
    job.run.save()
    row = job.carry()
    assert row.due_at is not None
    assert row.due_at - timezone.now() > UNWATCHED_PAUSE / 2
    watch(run=job.run, now=timezone.now())
    assert job.tracking.due_at is not None
    assert job.tracking.due_at <= timezone.now()


def test_a_run_is_finished_when_all_is_home(start_job: JobMaker) -> None:
    job = start_job(seconds=1)
    job.log(1)
    run = follow_until(job.run, lambda run: run.is_terminal and run.log_complete)
    assert not run.tracking_closed
    assert job.tracking.due_at is not None
    assert are_awaited(run, now=timezone.now())
    # Its relay has not said yet that this is the end.
    assert job.carry().due_at is not None
    job.log(2)
    job.end()
    assert job.carry().due_at is None
    assert job.in_mlflow().metrics["loss"] == 2 / 7
    assert not are_awaited(run, now=timezone.now())
    run = follow_until(run, lambda run: run.next_poll_at is None)
    assert run.tracking_closed
    assert job.in_mlflow().status == "FINISHED"


def test_a_relay_that_was_killed_is_waited_for_no_longer_than_a_minute(start_job: JobMaker) -> None:
    job = start_job(seconds=1)
    job.log(1)
    job.relay.kill()
    run = follow_until(job.run, lambda run: run.is_terminal)
    assert job.carry().due_at is not None
    assert run.ended_at is not None
    run.ended_at -= timedelta(seconds=61)
    run.save()
    assert job.carry().due_at is None
    assert job.in_mlflow().metrics["loss"] == 1 / 7
    assert run.events.get(kind="tracking.no-end").message == worker.NO_END


def test_a_job_that_never_started_its_relay_is_home_at_once(start_job: JobMaker) -> None:
    job = start_job(seconds=0)
    job.end()
    for path in (job.relay.folder / NAME, job.relay.folder / f"{NAME}.pack"):
        path.unlink()
    run = follow_until(job.run, lambda run: run.is_terminal)
    assert job.carry().due_at is None
    assert follow_until(run, lambda run: run.next_poll_at is None).tracking_closed


def test_what_was_sent_is_applied_without_the_site(start_job: JobMaker) -> None:
    job = start_job()
    job.log(*range(10))
    receive(job.run, NAME, 0, (job.relay.folder / NAME).read_bytes(), now=timezone.now())
    assert job.run.connection
    assert job.run.connection.site
    factories.make_outage(job.run.connection.site)
    assert due_rows(now=timezone.now(), limit=10) == [(job.tracking.pk, False)]
    row = job.carry()
    assert job.in_mlflow().metrics["loss"] == 9 / 7
    assert row.waiting_for
    assert not Journal.objects.get(run=job.run).parts.exists()
    JobTracking.objects.update(due_at=timezone.now())
    assert due_rows(now=timezone.now(), limit=10) == []


def test_a_site_that_does_not_answer_is_asked_again_later(start_job: JobMaker) -> None:
    job = start_job()
    job.log(1)
    with patch.object(SiteClient, "list_folder", side_effect=SiteUnavailable("The site does not answer.")):
        row = job.carry()
    assert (row.failures, row.waiting_for) == (1, "The site does not answer.")
    assert row.due_at is not None
    assert row.lease_until is None


def test_mlflow_that_does_not_answer_is_asked_again_later(start_job: JobMaker) -> None:
    job = start_job()
    job.log(1)
    with patch.object(Writer, "log_batch", side_effect=TrackingUnavailable("MLflow does not answer.")):
        row = job.carry()
    assert (row.failures, row.waiting_for) == (1, "MLflow does not answer.")
    assert job.carry().failures == 0
    assert job.in_mlflow().metrics["loss"] == 1 / 7


def test_a_large_file_is_for_a_worker_that_has_the_time(
    start_job: JobMaker, sent: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.tracking.carrying.relay_folder.LARGE", 2 * 2**20)
    job = start_job()
    job.log(1)
    job.put("large.bin", b"\0" * 3 * 2**20)
    job.log(2)
    row = job.carry()
    assert job.in_mlflow().metrics["loss"] == 1 / 7
    assert "runs.tasks.carry_large" in [task for task, _ in sent]
    assert due_rows(now=timezone.now(), limit=10) == [(row.pk, True)]
    assert row.large_file == "large.bin"
    # Others do not ask the site about it meanwhile.
    with patch.object(SiteClient, "list_folder", side_effect=AssertionError):
        job.carry()
    row = job.carry(takes_large=True)
    assert (row.has_large, row.large_file) == (False, "")
    assert job.in_mlflow().metrics["loss"] == 2 / 7


def test_others_have_their_turn_in_between(
    start_job: JobMaker, sent: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "TURN_SECONDS", 0.0)
    job = start_job()
    job.log(1)
    row = job.carry()
    # Nothing was applied: the next attempt is not at once.
    assert row.due_at is not None
    assert "runs.tasks.carry" not in [task for task, _ in sent]


def test_one_worker_at_a_time(start_job: JobMaker) -> None:
    job = start_job()
    job.log(1)
    lease = take(JobTracking.objects.all(), key=job.tracking.pk, now=timezone.now())
    assert lease is not None
    job.carry()
    assert "loss" not in job.in_mlflow().metrics
    lease.give_back(due_at=timezone.now())
    job.carry()
    assert "loss" in job.in_mlflow().metrics


def test_files_that_are_gone_are_said(start_job: JobMaker) -> None:
    job = start_job(seconds=0)
    job.log(1)
    job.carry()
    run = follow_until(job.run, lambda run: run.is_terminal)
    with patch.object(SiteClient, "list_folder", return_value=None):
        assert job.carry().due_at is None
    assert "may be missing" in run.events.get(kind="tracking.gone").message
    assert job.in_mlflow().metrics["loss"] == 1 / 7


def test_a_cancelled_run_keeps_what_it_has_logged(start_job: JobMaker) -> None:
    job = start_job()
    job.log(*range(5))
    cancel_run(run=job.run, user=job.run.created_by, now=timezone.now())
    run = follow_until(job.run, lambda run: run.is_terminal)
    assert run.state == RunState.CANCELLED
    job.end()
    assert job.carry().due_at is None
    assert job.in_mlflow().metrics["loss"] == 4 / 7


def test_a_run_that_begins_is_looked_at(start_job: JobMaker) -> None:
    job = start_job()
    JobTracking.objects.update(due_at=None)
    job.run.refresh_from_db()
    assert job.run.state == RunState.RUNNING
    cancel_run(run=job.run, user=job.run.created_by, now=timezone.now())
    follow_runs(run_ids=[job.run.pk], clock=timezone.now)
    follow_until(job.run, lambda run: run.is_terminal)
    assert job.tracking.due_at is not None


def while_it_looks(job: Job, then: Callable[[], object]) -> JobTracking:
    """A turn, in the middle of which that happens."""
    look = SiteClient.list_folder

    def list_folder(site: SiteClient, job_url: str, path: str) -> object:
        found = look(site, job_url, path)
        then()
        return found

    with patch.object(SiteClient, "list_folder", list_folder):
        return job.carry()


def is_due(row: JobTracking) -> bool:
    return row.due_at is not None and row.due_at <= timezone.now()


def test_a_page_that_is_opened_while_a_worker_looks_is_looked_at_next(start_job: JobMaker) -> None:
    job = start_job()
    Run.objects.update(watched_until=None)
    assert is_due(while_it_looks(job, lambda: watch(run=Run.objects.get(pk=job.run.pk), now=timezone.now())))


def test_a_run_that_ends_while_a_worker_looks_is_looked_at_next(start_job: JobMaker) -> None:
    job = start_job()
    Run.objects.update(watched_until=None)
    assert is_due(while_it_looks(job, lambda: look_soon(job.run, now=timezone.now())))


def test_what_is_sent_while_a_worker_looks_is_looked_at_next(start_job: JobMaker) -> None:
    job = start_job()
    Run.objects.update(watched_until=None)
    assert is_due(while_it_looks(job, lambda: receive(job.run, "journal-9", 0, b"one\n", now=timezone.now())))


def test_what_is_given_up_while_a_worker_looks_stays_so(start_job: JobMaker) -> None:
    job = start_job()
    assert while_it_looks(job, lambda: give_up(job.run)).due_at is None


def test_without_its_connection_a_run_ends_with_what_was_fetched(start_job: JobMaker) -> None:
    job = start_job(seconds=0)
    job.log(1)
    job.carry()
    run = follow_until(job.run, lambda run: run.is_terminal)
    Run.objects.filter(pk=run.pk).update(connection=None)
    assert job.carry().due_at is None
    assert "was deleted" in run.events.get(kind="tracking.unreachable").message
    assert not are_awaited(run, now=timezone.now())


def test_a_journal_that_is_cut_and_grows_again_is_read_on(start_job: JobMaker) -> None:
    """As a relay leaves it that was killed in the middle of a line, and started again."""
    job = start_job()
    job.log(*range(10))
    job.relay.kill()
    with (job.relay.folder / NAME).open("ab") as journal:
        journal.write(b'0123abcd {"n":99,"k":"metr')
    job.carry()
    job.relay.start()
    job.log(*range(10, 20))
    job.carry()
    assert job.in_mlflow().metrics["loss"] == 19 / 7
    assert Journal.objects.get(run=job.run).passed_over == {}
