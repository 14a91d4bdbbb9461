"""A run changes state in one place, once, and never goes back."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mantik.lib.clocks import APART
from mantik.lib.leases import take
from runs.lifecycle import BEGINNINGS, IllegalMove, move, wait
from runs.models import Run
from runs.pages.phases import phase_segments
from runs.states import MOVES, TERMINAL, RunState
from tests.support import factories

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def fresh(run: Run) -> Run:
    return Run.objects.get(pk=run.pk)


@pytest.mark.parametrize(("old", "new"), list(itertools.product(RunState, RunState)))
def test_only_the_moves_of_the_table_are_made(old: RunState, new: RunState) -> None:
    run = factories.make_run(old)

    if new in MOVES[old]:
        assert move(run, to=new, now=NOW, message="Moved.")
        assert fresh(run).state == new
    else:
        with pytest.raises(IllegalMove):
            move(run, to=new, now=NOW, message="Moved.")
        assert fresh(run).state == old


@pytest.mark.parametrize("state", TERMINAL)
def test_an_end_is_final(state: RunState) -> None:
    assert MOVES[state] == ()


def test_of_two_who_move_a_run_one_wins_and_one_event_is_written() -> None:
    run = factories.make_run(RunState.QUEUED)
    one, other = fresh(run), fresh(run)

    assert move(one, to=RunState.RUNNING, now=NOW, message="Running.")
    assert not move(other, to=RunState.CANCELLED, now=NOW, message="Cancelled.")

    assert fresh(run).state == RunState.RUNNING
    assert [event.message for event in run.events.all()] == ["Running."]
    assert other.state == RunState.QUEUED


def test_the_end_of_a_cancelled_run_names_who_asked_for_it() -> None:
    grace = factories.make_user("grace")
    for state, actor in ((RunState.CANCELLED, grace), (RunState.FINISHED, None)):
        run = factories.make_run(RunState.RUNNING, cancel_requested_at=NOW, cancel_requested_by=grace)
        move(run, to=state, now=NOW, message="Over.")
        assert run.events.get().actor == actor


def test_without_its_lease_a_worker_neither_moves_a_run_nor_says_what_it_waits_for() -> None:
    run = factories.make_run(RunState.SUBMITTING)
    lease = take(Run.objects.all(), key=run.pk, now=NOW, time=timedelta(minutes=1))
    assert lease
    run.refresh_from_db()
    assert wait(run, reason="The site is down.", now=NOW, lease=lease)
    other = take(Run.objects.all(), key=run.pk, now=NOW + timedelta(minutes=1), time=timedelta(minutes=1))
    assert other

    assert not wait(run, reason="Mine.", now=NOW, lease=lease)
    assert not move(run, to=RunState.FAILED, now=NOW, message="Mine.", lease=lease)
    assert (fresh(run).state, fresh(run).lease_token) == (RunState.SUBMITTING, other.token)
    assert [event.message for event in run.events.all()] == ["The site is down."]

    assert move(run, to=RunState.FAILED, now=NOW, message="Theirs.", lease=other)
    assert (fresh(run).outcome, fresh(run).lease_token, fresh(run).lease_until) == ("Theirs.", None, None)


def test_a_waiting_run_is_told_of_once_per_reason_and_keeps_since_when() -> None:
    run = factories.make_run(RunState.PENDING)
    later = NOW.replace(hour=13)

    wait(run, reason="The site is down.", now=NOW)
    wait(run, reason="The site is down.", now=later)
    assert fresh(run).waiting_since == NOW
    wait(run, reason="The login is refused.", now=later)

    assert fresh(run).waiting_since == later
    assert [event.message for event in run.events.order_by("pk")] == ["The site is down.", "The login is refused."]


def test_an_end_clears_what_it_waited_for_and_keeps_why() -> None:
    run = factories.make_run(RunState.QUEUED, created_at=NOW - timedelta(minutes=1))
    gone = f"{run.site_name} no longer knows the job. It was deleted there, or has expired."
    wait(run, reason="The site is down.", now=NOW)

    move(run, to=RunState.LOST, now=NOW, message=gone)

    ended = fresh(run)
    assert (ended.waiting_for, ended.waiting_since) == ("", None)
    assert (ended.outcome, ended.ended_at) == (gone, NOW)


def test_a_job_that_was_refused_was_never_queued() -> None:
    """Neither by the site, which had it for a moment, nor before it was sent."""
    at_site: dict[str, Any] = {"running_at": None, "batch_system_id": "", "exit_code": None}
    refused = factories.make_run(RunState.FAILED, **at_site)
    assert [segment.words for segment in phase_segments(refused, now=NOW)] == ["Pending 2\xa0s", "Submitting 2\xa0s"]
    never_sent: dict[str, Any] = {"submitted_at": None, "job_url": "", "posted_at": None}
    unsent = factories.make_run(RunState.FAILED, **at_site | never_sent)
    assert [segment.key for segment in phase_segments(unsent, now=NOW)] == ["stored", "submitted"]


@pytest.mark.parametrize(("state", "job"), [(RunState.FAILED, "4711"), (RunState.CANCELLED, "")])
def test_a_job_that_waited_at_the_site_was_queued(state: RunState, job: str) -> None:
    run = factories.make_run(state, running_at=None, batch_system_id=job)
    assert [segment.key for segment in phase_segments(run, now=NOW)] == ["stored", "submitted", "queued"]


def test_no_phase_is_said_to_have_taken_no_time() -> None:
    """The only one that there was, at that."""
    moment: dict[str, Any] = dict.fromkeys(("created_at", "submitting_at", "submitted_at", "ended_at"), NOW)
    refused = factories.make_run(RunState.FAILED, running_at=None, batch_system_id="", **moment)
    assert [segment.words for segment in phase_segments(refused, now=NOW)] == ["Submitting under 1\xa0s"]


@pytest.mark.parametrize("state", list(RunState))
def test_the_phase_bar_fills_its_width_in_every_state(state: RunState) -> None:
    segments = phase_segments(factories.make_run(state), now=datetime.now(UTC))

    assert segments
    assert sum(segment.percent for segment in segments) <= 100.1
    starts = [segment.start for segment in segments]
    assert starts == sorted(starts)


def test_no_phase_begins_before_the_one_before_it_although_clocks_differ() -> None:
    """The first and the third of these machines are ahead of the others."""
    run = factories.make_run(RunState.SUBMITTING, created_at=NOW, submitting_at=NOW, job_url="https://hpc/jobs/1")
    steps: tuple[tuple[RunState, timedelta, dict[str, Any]], ...] = (
        (RunState.QUEUED, APART, {"submitted_at": NOW + APART}),
        (RunState.RUNNING, SECOND, {"running_at": NOW + SECOND}),
        (RunState.FINISHED, 2 * SECOND, {}),
    )
    for state, passed, begun in steps:
        assert move(run, to=state, now=NOW + passed, message="Moved.", **begun)

    run = fresh(run)
    beginnings = [run.created_at, *(getattr(run, name) for name in BEGINNINGS)]
    assert beginnings == sorted(beginnings)
    assert run.ended_at
    spent = sum(segment.seconds for segment in phase_segments(run, now=run.ended_at))
    assert spent == run.duration(NOW).total_seconds() == APART.total_seconds()


def test_a_run_that_a_machine_ahead_has_just_stored_has_taken_no_time() -> None:
    run = factories.make_run(RunState.PENDING, created_at=NOW + APART)
    assert run.duration(NOW) == timedelta()


def test_clocks_that_agree_are_believed() -> None:
    run = factories.make_run(RunState.RUNNING, created_at=NOW - timedelta(hours=1))
    assert move(run, to=RunState.FINISHED, now=NOW, message="Over.")
    assert fresh(run).ended_at == NOW
