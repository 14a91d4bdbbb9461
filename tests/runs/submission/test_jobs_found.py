"""What the events of a run say of the job that Mantik has looked for at the site: only what is known."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connections.unicore.client import SiteClient
from runs.models import Run
from runs.states import RunState
from runs.submission import submit
from runs.submission.adoption import FoundJobs
from tests.support.factories import make_run

pytestmark = pytest.mark.django_db

JOB = "https://hpc.example.org:8080/SITE/rest/core/jobs/1"


def events_after_a_look(monkeypatch: pytest.MonkeyPatch, jobs: FoundJobs, **columns: Any) -> dict[str, str]:
    """The events of a run, by their kind, after a worker has looked for its job and found `jobs`."""
    monkeypatch.setattr(SiteClient, "find_jobs", lambda _site, _tag: [])
    monkeypatch.setattr(SiteClient, "start", lambda _site, _job: None)
    monkeypatch.setattr(submit, "look_at", lambda _site, _urls: jobs)
    monkeypatch.setattr(submit, "recover_columns", lambda _run, now: {"start_sent_at": now, "code_uploaded": True})
    posted_at = timezone.now() - timedelta(hours=1)
    run = make_run(RunState.SUBMITTING, posted_at=posted_at, job_url="", code_uploaded=True, **columns)
    submit.submit_run(run_id=run.pk, clock=timezone.now)
    return dict(Run.objects.get(pk=run.pk).events.values_list("kind", "message"))


def test_a_job_that_was_started_is_one_from_before_the_restore(monkeypatch: pytest.MonkeyPatch) -> None:
    events = events_after_a_look(monkeypatch, FoundJobs((), (), started=(JOB,)))
    assert events["submission.found"] == (
        "The site has a job of this run that was started before the database was restored."
    )


def test_of_a_job_that_was_not_started_nobody_knows_why_it_was_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer was lost, or the database was restored."""
    events = events_after_a_look(monkeypatch, FoundJobs((), ready=(JOB,), started=()), code_sha256="0" * 64)
    assert events["submission.found"] == "The site already has a job of this run, so Mantik sends no other."


def test_a_run_without_a_job_was_perhaps_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    events = events_after_a_look(monkeypatch, FoundJobs((), (), ()))
    assert events["submission.absent"] == "The site has no job of this run. Mantik sends it."
