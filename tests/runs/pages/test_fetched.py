"""What the page of a run says about what its training logged to a relay."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mantik.lib.leases import take
from runs.models import JobTracking, Journal, Run
from runs.pages.fetched import fetched
from runs.pages.versions import run_version
from runs.states import RunState
from runs.tracking.journals.cursor import Cursor, News
from tests.support import factories

pytestmark = pytest.mark.django_db


def make_run(state: RunState, *, is_due: bool = True, waiting_for: str = "") -> Run:
    run = factories.make_run(state, site_name="Jupiter")
    now = timezone.now()
    factories.make_job_tracking(run, due_at=now if is_due else None, waiting_for=waiting_for)
    factories.make_journal(run, number=1200)
    factories.make_journal(run, "journal-2", number=34)
    return run


@pytest.mark.parametrize(
    ("state", "is_due", "waiting_for", "line"),
    [
        (RunState.RUNNING, True, "", ""),
        (
            RunState.RUNNING,
            True,
            "The site does not answer.",
            "What the training logs is still at Jupiter. The site does not answer.",
        ),
        (
            RunState.FINISHED,
            True,
            "",
            "What the training logged is being fetched from Jupiter: 1,234 entries so far.",
        ),
        (RunState.FINISHED, False, "", ""),
    ],
)
def test_it_says_what_is_still_under_way(state: RunState, is_due: bool, waiting_for: str, line: str) -> None:
    found = fetched(make_run(state, is_due=is_due, waiting_for=waiting_for))
    assert found is not None
    assert found.line == line


def test_a_job_without_a_relay_has_nothing_to_say() -> None:
    assert fetched(factories.make_run(RunState.RUNNING)) is None


def test_the_page_lists_what_is_missing(member: Client, project_run: Run) -> None:
    Journal.objects.filter(name="journal-1").update(passed_over={"Lines that are damaged.": 2})
    Journal.objects.filter(name="journal-2").update(
        passed_over={"Lines that are damaged.": 1}, unknown={"POST v1/traces": 1200}
    )
    page = member.get(reverse("runs:detail", args=[project_run.project.slug, project_run.uuid])).content.decode()
    assert "Some of what the training logged was not kept." in page
    assert "Calls that are not kept: POST v1/traces (1,200)" in page
    assert "Lines that are damaged (3)" in page


@pytest.fixture
def project_run() -> Run:
    return make_run(RunState.FINISHED)


@pytest.fixture
def member(project_run: Run) -> Client:
    client = Client()
    client.force_login(factories.join(project_run.project))
    return client


def test_the_page_asks_again_until_all_is_here(member: Client, project_run: Run) -> None:
    address = reverse("runs:detail", args=[project_run.project.slug, project_run.uuid])
    assert "hx-trigger" in member.get(address).content.decode().partition("run-live")[2].partition(">")[0]
    JobTracking.objects.update(due_at=None)
    assert "hx-trigger" not in member.get(address).content.decode().partition("run-live")[2].partition(">")[0]


def test_a_page_that_is_open_is_told_when_more_is_missing(project_run: Run) -> None:
    def version() -> str:
        return run_version(project_run.project.slug, project_run.uuid, user=project_run.created_by.pk)

    def store(**columns: Any) -> None:
        row = JobTracking.objects.get(run=project_run)
        JobTracking.objects.update(lease_token=None, lease_until=None)
        lease = take(JobTracking.objects.all(), key=row.pk, now=timezone.now())
        assert lease is not None
        journal = project_run.journals.get(name="journal-1")
        cursor = Cursor(project_run, journal, lease=lease, job_tracking=row, clock=timezone.now)
        cursor.store(News(**columns), offset=journal.offset + 1, number=journal.number + 1)

    versions = [version()]
    for columns in ({"passed_over": Counter(MISSING=2)}, {"unknown": Counter({"POST v1/traces": 1})}):
        store(**columns)
        versions.append(version())
    assert len(set(versions)) == 3
    store()
    assert version() == versions[-1]


def test_a_page_that_is_open_is_told_when_that_changes(project_run: Run) -> None:
    def version() -> str:
        return run_version(project_run.project.slug, project_run.uuid, user=project_run.created_by.pk)

    seen = version()
    JobTracking.objects.update(due_at=timezone.now() + timedelta(seconds=2))
    assert version() == seen
    JobTracking.objects.update(waiting_for="The site does not answer.")
    waits = version()
    assert waits != seen
    JobTracking.objects.update(due_at=None, waiting_for="")
    assert version() not in (seen, waits)
