"""What a job has logged may arrive after the end of its run."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from runs.models import Run, RunToken
from runs.states import RunState
from runs.tracking.last_entries import QUIET_FOR, are_awaited, note_status
from runs.tracking.run_tokens import GRACE, make_run_token, run_of_token
from tests.runs.tracking.gateway.asking import API, Call, ask
from tests.support.factories import make_run

pytestmark = pytest.mark.django_db
NOW = timezone.now()
ENDED_AT = NOW - timedelta(seconds=1)


@pytest.fixture
def run() -> Run:
    """Over since a second, with a token that was used half a minute before."""
    run = make_run(RunState.FINISHED, mlflow_experiment_id="7", mlflow_run_id="ab" * 16)
    Run.objects.filter(pk=run.pk).update(ended_at=ENDED_AT)
    run.refresh_from_db()
    assert run_of_token(make_run_token(run, now=NOW), now=ENDED_AT - timedelta(seconds=30)) == run
    return run


def use(run: Run, *, at: datetime) -> None:
    assert run_of_token(make_run_token(run, now=NOW), now=at) == run


def test_they_are_awaited_until_the_job_was_quiet_for_a_while(run: Run) -> None:
    assert are_awaited(run, now=NOW)
    assert are_awaited(run, now=ENDED_AT + QUIET_FOR - timedelta(seconds=1))
    assert not are_awaited(run, now=ENDED_AT + QUIET_FOR)

    late = ENDED_AT + timedelta(minutes=4)
    use(run, at=late)
    assert are_awaited(run, now=late + QUIET_FOR - timedelta(seconds=1))
    assert not are_awaited(run, now=late + QUIET_FOR)


def test_they_are_not_awaited_once_the_job_has_said_that_it_is_done(run: Run) -> None:
    note_status(run, "FINISHED", now=NOW)
    assert not are_awaited(run, now=NOW)
    note_status(run, "RUNNING", now=NOW)
    assert are_awaited(run, now=NOW)


def test_they_are_not_awaited_when_the_token_ends(run: Run) -> None:
    use(run, at=ENDED_AT + GRACE - timedelta(seconds=1))
    assert are_awaited(run, now=ENDED_AT + GRACE - timedelta(seconds=1))
    assert not are_awaited(run, now=ENDED_AT + GRACE)
    RunToken.objects.update(revoked_at=NOW)
    assert not are_awaited(run, now=NOW)


def test_nothing_is_awaited_of_a_job_that_never_logged(run: Run) -> None:
    RunToken.objects.update(last_used_at=None)
    assert not are_awaited(run, now=NOW)
    RunToken.objects.all().delete()
    assert not are_awaited(run, now=NOW)


@pytest.mark.parametrize(("status", "is_told"), [("FINISHED", True), ("KILLED", True), ("RUNNING", False)])
def test_the_client_says_so_by_ending_its_run(run: Run, status: str, is_told: bool) -> None:
    Run.objects.update(ended_at=timezone.now())
    body = {"run_id": run.mlflow_run_id, "status": status, "end_time": 1}
    ask(make_run_token(run, now=NOW), Call("POST", f"{API}runs/update", body=body))
    assert (RunToken.objects.get(run=run).told_end_at is not None) == is_told


def test_the_end_of_a_child_is_not_that_of_its_run(run: Run) -> None:
    Run.objects.update(ended_at=timezone.now())
    run.tracked_items.create(kind="run", mlflow_id="cd" * 16, created_at=NOW)
    body = {"run_id": "cd" * 16, "status": "FINISHED", "end_time": 1}
    ask(make_run_token(run, now=NOW), Call("POST", f"{API}runs/update", body=body))
    assert RunToken.objects.get(run=run).told_end_at is None
