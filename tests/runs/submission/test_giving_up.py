"""A run that may not be submitted ends with a reason, or waits, even if its site cannot be asked to delete its job."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NoReturn

import pytest
from cryptography.fernet import Fernet
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.models import Connection
from connections.unicore.client import SiteClient
from connections.unicore.errors import JobGone, SiteRefused
from projects.models import Membership
from runs.models import Run
from runs.states import RunState
from runs.submission.submit import REFUSALS_BEFORE_ENDING, submit_run
from tests.support import factories

pytestmark = pytest.mark.django_db

JOB = "https://hpc.example.org:8080/SITE/rest/core/jobs/1"
SEALED = "A stored secret cannot be decrypted with the encryption keys in use."
NO_BUNDLE = "The CA bundle of this site holds no certificates in PEM format. An operator can correct it."


def make_run(**columns: Any) -> Run:
    """The site has its job, which was not started yet."""
    usual: dict[str, Any] = {"posted_at": timezone.now() - timedelta(hours=1), "job_url": JOB}
    return factories.make_run(RunState.SUBMITTING, **usual | columns)


def submit(run: Run) -> Run:
    submit_run(run_id=run.pk, clock=timezone.now)
    return Run.objects.get(pk=run.pk)


def lock_out(run: Run, why: str, settings: Settings) -> str:
    """From now on no client can be made for the run's site. Returns the sentence that says so."""
    assert run.connection
    assert run.connection.site
    if why == "secret":
        settings.MANTIK_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
        return SEALED
    run.connection.site.ca_bundle = "no certificate"
    run.connection.site.save()
    return NO_BUNDLE


WAYS = pytest.mark.parametrize("why", ["secret", "bundle"])


@WAYS
def test_a_run_ends_although_its_job_cannot_be_removed(settings: Settings, why: str) -> None:
    run = make_run()
    sentence = lock_out(run, why, settings)
    run = submit(run)
    assert (run.state, run.outcome, run.lease_token) == (RunState.FAILED, sentence, None)


@WAYS
def test_so_does_one_that_was_cancelled(settings: Settings, why: str) -> None:
    run = make_run(cancel_requested_at=timezone.now())
    sentence = lock_out(run, why, settings)
    run = submit(run)
    left = f"The job, which was never started, could not be removed from {run.site_name}."
    told = f"Cancelled by its schedule. {left} {sentence}"
    assert (run.state, run.outcome, run.lease_token) == (RunState.CANCELLED, told, None)


@WAYS
def test_so_does_one_whose_member_may_no_longer_start_it(settings: Settings, why: str) -> None:
    run = make_run()
    sentence = lock_out(run, why, settings)
    Membership.objects.all().delete()
    run = submit(run)
    assert run.state == RunState.FAILED
    assert run.outcome.startswith(f"{run.created_by.display_name} may no longer start runs in this project. ")
    assert run.outcome.endswith(sentence)


@WAYS
@pytest.mark.parametrize("is_cancelled", [False, True])
def test_one_whose_job_may_be_running_waits(settings: Settings, why: str, is_cancelled: bool) -> None:
    now = timezone.now()
    run = make_run(start_sent_at=now, cancel_requested_at=now if is_cancelled else None)
    sentence = lock_out(run, why, settings)
    run = submit(run)
    assert (run.state, run.waiting_for, run.lease_token) == (RunState.SUBMITTING, sentence, None)
    assert run.next_attempt_at
    assert run.next_attempt_at > now


NO = SiteRefused("hpc does not accept the login.", code="refused.credentials")


def refuse(_site: SiteClient, _what: str) -> NoReturn:
    raise NO


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_one_that_is_to_end_asks_with_a_refused_login_a_few_times_and_ends(
    monkeypatch: pytest.MonkeyPatch, is_cancelled: bool
) -> None:
    run = make_run(cancel_requested_at=timezone.now() if is_cancelled else None)
    Membership.objects.all().delete()
    monkeypatch.setattr(SiteClient, "find_jobs", refuse)
    for refusals in range(1, REFUSALS_BEFORE_ENDING):
        Run.objects.update(next_attempt_at=timezone.now())
        run = submit(run)
        assert (run.state, run.refusals) == (RunState.SUBMITTING, refusals)
    Run.objects.update(next_attempt_at=timezone.now())
    run = submit(run)
    assert run.state == (RunState.CANCELLED if is_cancelled else RunState.FAILED)
    assert run.outcome.endswith(" does not let Mantik in to remove the job, which was never started there.")


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_one_whose_job_may_be_running_leaves_a_refused_login_alone(
    monkeypatch: pytest.MonkeyPatch, is_cancelled: bool
) -> None:
    now = timezone.now()
    run = make_run(start_sent_at=now, cancel_requested_at=now if is_cancelled else None)
    Membership.objects.all().delete()
    long_ago = now - timedelta(hours=1)
    Connection.objects.update(refusals=5, refused_since=long_ago, marked_bad_at=long_ago)
    monkeypatch.setattr(SiteClient, "find_jobs", refuse)
    run = submit(run)
    # Not one refusal more.
    assert (run.state, run.refusals, Connection.objects.get().refusals) == (RunState.SUBMITTING, 0, 5)
    assert "has refused the login of this connection 5 times" in run.waiting_for


@pytest.mark.parametrize(("was_started", "words"), [(False, "had not started yet"), (True, "may have started")])
def test_a_job_that_is_gone_is_said_to_have_run_if_it_may_have(
    monkeypatch: pytest.MonkeyPatch, was_started: bool, words: str
) -> None:
    def gone(_site: SiteClient, _job: str) -> NoReturn:
        raise JobGone("hpc does not know this job.")

    monkeypatch.setattr(SiteClient, "start", gone)
    run = submit(make_run(start_sent_at=timezone.now() if was_started else None, code_is_inline=True))
    assert (run.state, run.outcome) == (RunState.LOST, f"{run.site_name} no longer knows the job, which {words}.")


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_one_without_its_connection_says_what_may_be_running(is_cancelled: bool) -> None:
    now = timezone.now()
    run = make_run(start_sent_at=now, connection=None, cancel_requested_at=now if is_cancelled else None)
    run = submit(run)
    assert run.state == (RunState.CANCELLED if is_cancelled else RunState.FAILED)
    assert run.outcome.endswith(
        " Mantik can no longer reach the job, because the connection was deleted. If the job still runs, end it at the "
        "site."
    )


def test_if_its_job_was_never_started_it_does_not() -> None:
    run = submit(make_run(connection=None, cancel_requested_at=timezone.now()))
    assert (run.state, run.outcome) == (RunState.CANCELLED, "Cancelled by its schedule.")


@pytest.mark.parametrize(
    ("is_cancelled", "ending"),
    [
        (
            False,
            "Before sending the job again, Mantik checks whether it is already there, so that it cannot run twice.",
        ),
        (True, "Before ending the run, Mantik checks whether the job is there, so that no job is left behind."),
    ],
)
def test_a_run_whose_job_may_still_arrive_says_what_it_waits_for(
    monkeypatch: pytest.MonkeyPatch, is_cancelled: bool, ending: str
) -> None:
    monkeypatch.setattr(SiteClient, "find_jobs", lambda _site, _tag: [])
    now = timezone.now()
    run = submit(make_run(posted_at=now, job_url="", cancel_requested_at=now if is_cancelled else None))
    assert run.state == RunState.SUBMITTING
    assert run.waiting_for == f"{run.site_name} did not confirm the job. {ending}"
