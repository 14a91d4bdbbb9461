"""What happens to a run when its site is asked about the job, or can no longer be asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connections.services.connections import delete_connection
from connections.unicore.errors import SiteRefused
from connections.unicore.values import JobState, JobStatus
from runs.following import poll
from runs.models import Run
from runs.services import cancel_run
from runs.states import AT_SITE, RunState
from tests.support import factories

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
OUT_OF_REACH = (
    "Mantik can no longer reach the job, because the connection was deleted. If the job still runs, end it at the site."
)
STATUS = JobStatus(
    state=JobState.QUEUED,
    message="",
    exit_code=None,
    batch_system_id=None,
    queue=None,
    consumed_seconds={},
    submitted_at=None,
    terminates_at=None,
)


def follow(run: Run) -> Run:
    poll.follow_runs(run_ids=[run.pk], clock=lambda: NOW)
    return Run.objects.get(pk=run.pk)


def make_run_without_connection(state: RunState, **columns: Any) -> Run:
    """As an operator leaves it who deletes its connection."""
    run = factories.make_run(state, **columns)
    assert run.connection
    delete_connection(connection=run.connection, even_if_used=True)
    return Run.objects.get(pk=run.pk)


@pytest.mark.parametrize("state", AT_SITE)
def test_without_its_connection_a_run_waits_and_says_what_one_can_do(state: RunState) -> None:
    run = follow(make_run_without_connection(state))
    assert run.state == state
    assert run.waiting_for == (
        "The connection was deleted, so Mantik cannot ask the site about the job. Check the job at the site yourself. "
        "To end the run in Mantik, cancel it."
    )
    assert run.next_poll_at
    assert run.next_poll_at > NOW


@pytest.mark.parametrize("state", AT_SITE)
def test_cancelling_it_ends_it(state: RunState) -> None:
    run = follow(make_run_without_connection(state))
    grace = factories.make_user("grace", first_name="Grace")
    cancel_run(run=run, user=grace, now=NOW)
    run = follow(run)
    assert (run.state, run.outcome) == (RunState.CANCELLED, f"Cancelled by Grace. {OUT_OF_REACH}")
    assert run.events.get(kind="state.cancelled").actor == grace
    run = follow(run)
    assert (run.log_complete, run.tracking_closed, run.next_poll_at) == (True, True, None)


def test_so_does_a_wish_from_before_the_connection_was_deleted() -> None:
    run = follow(make_run_without_connection(RunState.RUNNING, cancel_requested_at=NOW))
    assert (run.state, run.outcome) == (RunState.CANCELLED, f"Cancelled by its schedule. {OUT_OF_REACH}")


@dataclass
class Site:
    """Stands for a site whose jobs are all in one state, and which refuses to abort any."""

    state: JobState
    aborts: int = 0
    asked: list[str] = field(default_factory=list)

    def statuses(self, job_urls: Sequence[str]) -> Iterator[tuple[str, JobStatus]]:
        self.asked += job_urls
        for job_url in job_urls:
            yield job_url, replace(STATUS, state=self.state)

    def abort(self, _job_url: str) -> None:
        self.aborts += 1
        raise SiteRefused("This job cannot be aborted.")


@pytest.mark.parametrize(
    ("state", "expected", "aborts"),
    [
        (JobState.SUCCESSFUL, RunState.FINISHED, 0),
        (JobState.FAILED, RunState.FAILED, 0),
        (JobState.RUNNING, RunState.QUEUED, 1),
    ],
)
def test_only_a_job_that_goes_on_is_aborted(
    monkeypatch: pytest.MonkeyPatch, state: JobState, expected: RunState, aborts: int
) -> None:
    site = Site(state)
    monkeypatch.setattr(poll, "open_connection", lambda _connection: site)
    run = follow(factories.make_run(RunState.QUEUED, cancel_requested_at=NOW))
    assert (run.state, site.aborts) == (expected, aborts)


def test_each_site_is_asked_about_its_own_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [factories.make_run(RunState.QUEUED) for _ in range(2)]
    sites = {run.connection_id: Site(JobState.QUEUED) for run in runs}
    monkeypatch.setattr(poll, "open_connection", lambda connection: sites[connection.pk])
    poll.follow_runs(run_ids=[run.pk for run in runs], clock=lambda: NOW)
    assert [sites[run.connection_id].asked for run in runs] == [[run.job_url] for run in runs]


def test_runs_that_are_over_do_not_keep_those_that_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finishing each run may take seconds. The next worker continues with the rest."""
    running = factories.make_run(RunState.RUNNING)
    over = [factories.make_run(RunState.FINISHED, log_complete=False, next_poll_at=NOW) for _ in range(3)]
    times = iter(range(100))
    done: list[Run] = []
    monkeypatch.setattr(poll, "_follow", lambda _connection, runs, _clock: done.extend(runs.values()))
    monkeypatch.setattr(poll, "wrap_up", lambda run, **_: done.append(run))

    def clock() -> datetime:
        return NOW + next(times) * poll.WRAP_UP_BUDGET

    poll.follow_runs(run_ids=[run.pk for run in [*over, running]], clock=clock)
    assert done[0] == running
    assert len(done) == 2
    due = Run.objects.filter(pk__in=[run.pk for run in over], next_poll_at__gt=NOW)
    assert due.count() == 2
