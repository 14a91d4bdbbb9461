"""What the demo says when it does not end well."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.utils import timezone

from mantik.demo import DemoFailed, story
from mantik.up.stack import Stack
from runs.lifecycle import move
from runs.models import Run
from runs.states import RunState
from tests.support.factories import add_chunk, make_run

pytestmark = pytest.mark.django_db


def stack_that(on_tick: Any = lambda: None) -> Stack:
    """As much of a running stack as following needs: the time that passes between two looks."""
    return cast(Stack, SimpleNamespace(sleep=lambda _seconds: on_tick()))


def follow(run: Run, stack: Stack, told: list[str]) -> Run:
    return story._follow(stack, run.uuid, told.append)


def test_each_event_is_told_once_until_the_run_is_finished() -> None:
    run, told = make_run(RunState.QUEUED), list[str]()
    moves = iter([(RunState.RUNNING, "Running at Site A."), (RunState.FINISHED, "It ended.")])

    def next_move() -> None:
        to, message = next(moves)
        move(run, to=to, now=timezone.now(), message=message)

    assert follow(run, stack_that(next_move), told).state == RunState.FINISHED
    assert told[-2:] == ["Running at Site A.", "It ended."]
    assert len(told) == len(set(told))


def test_a_run_that_failed_is_told_with_its_reason_and_the_end_of_its_log() -> None:
    run = make_run(RunState.FAILED, outcome="The job ended with exit code 3.", log_complete=True)
    add_chunk(run, b"epoch 1\nno data today\n")
    with pytest.raises(DemoFailed) as failed:
        follow(run, stack_that(), [])
    assert "The run ended as FAILED: The job ended with exit code 3." in str(failed.value)
    assert "    no data today" in str(failed.value)


def test_a_run_that_goes_nowhere_is_told_with_what_it_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "_PATIENCE_SECONDS", 0.2)
    run = make_run(RunState.SUBMITTING, waiting_for="Sandbox takes no jobs now.", waiting_since=timezone.now())
    with pytest.raises(DemoFailed, match=r"still SUBMITTING after .* Sandbox takes no jobs now\."):
        follow(run, stack_that(), [])
