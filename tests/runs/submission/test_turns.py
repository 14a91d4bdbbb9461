"""Which of the waiting runs is submitted next, and when a message says that more wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connections.models import Connection, Site, SiteVisit
from connections.visits.places import Purpose, visiting
from mantik.lib import queue
from projects.models import Project
from runs.models import Run
from runs.services import cancel_run
from runs.states import RunState
from runs.submission import turns
from tests.support.factories import join, make_connection, make_outage, make_project, make_run, make_site
from tests.support.world import World

HOUR = timedelta(hours=1)


class Messages:
    """Records which runs were submitted, and how many messages for other workers were sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.submitted: list[int] = []
        self.sent = 0
        monkeypatch.setattr(turns, "submit_run", self.submit)
        monkeypatch.setattr(turns, "send", self._send)

    def submit(self, *, run_id: int, clock: Callable[[], Any]) -> bool:  # noqa: ARG002 - as `submit_run` takes it
        self.submitted.append(run_id)
        return bool(Run.objects.filter(pk=run_id, state=RunState.PENDING).update(state=RunState.QUEUED))

    def _send(self, task: str) -> bool:
        assert task == "runs.tasks.submit_next"
        self.sent += 1
        return True

    def deliver_all(self) -> None:
        """As one worker process takes them, until none is left."""
        self.sent += 1
        while self.sent:
            self.sent -= 1
            turns.submit_next(clock=timezone.now)


@pytest.fixture
def messages(db: None, monkeypatch: pytest.MonkeyPatch) -> Messages:
    return Messages(monkeypatch)


@pytest.fixture
def connection(db: None) -> Connection:
    return make_connection(site=make_site())


def waiting(count: int, connection: Connection, project: Project | None = None) -> list[int]:
    """Ids of runs that wait, those first that wait longest."""
    project = project or make_project()
    member = join(project)
    begin = timezone.now() - HOUR
    return [
        make_run(
            project=project, created_by=member, connection=connection, next_attempt_at=begin + timedelta(seconds=number)
        ).pk
        for number in range(count)
    ]


def test_one_message_is_enough_for_all(messages: Messages, connection: Connection) -> None:
    runs = waiting(7, connection)
    messages.deliver_all()
    assert messages.submitted == runs
    assert not SiteVisit.objects.exists()


def test_a_project_with_many_runs_does_not_hold_up_another(messages: Messages, connection: Connection) -> None:
    many = waiting(60, connection)
    few = waiting(3, connection)
    messages.deliver_all()
    assert Counter(messages.submitted) == Counter(many + few)
    # Each of them is drawn with probability 1/2: 40 or more before them is once in 10^7 trials.
    assert messages.submitted.index(few[-1]) < 40
    assert [run for run in messages.submitted if run in set(many)] == many


def test_what_finds_no_place_waits_and_the_others_go_on(messages: Messages, connection: Connection) -> None:
    assert connection.site
    Site.objects.update(max_processes=1)
    connection.refresh_from_db()
    at_full_site = waiting(3, connection)
    elsewhere = waiting(2, make_connection(site=make_site(name="Saturn")))
    with visiting(connection, purpose=Purpose.SUBMIT, longest=HOUR, clock=timezone.now) as has_place:
        assert has_place
        messages.deliver_all()
        assert messages.submitted == elsewhere
        assert not turns.any_due(now=timezone.now())
    assert turns.any_due(now=timezone.now())
    messages.deliver_all()
    assert messages.submitted == elsewhere + at_full_site


def test_a_silent_site_is_passed_over(messages: Messages, connection: Connection) -> None:
    assert connection.site
    waiting(3, connection)
    elsewhere = waiting(1, make_connection(site=make_site(name="Saturn")))
    make_outage(connection.site)
    messages.deliver_all()
    assert messages.submitted == elsewhere


def test_what_needs_no_site_ends_although_there_is_no_place(messages: Messages, connection: Connection) -> None:
    Site.objects.update(max_processes=1)
    connection.refresh_from_db()
    without_connection, cancelled = waiting(2, connection)
    Run.objects.filter(pk=without_connection).update(connection=None)
    with visiting(connection, purpose=Purpose.SUBMIT, longest=HOUR, clock=timezone.now):
        run = Run.objects.get(pk=cancelled)
        cancel_run(run=run, user=run.created_by, now=timezone.now() - HOUR)
        messages.deliver_all()
    assert set(messages.submitted) == {without_connection, cancelled}


def test_a_run_that_another_worker_takes_at_the_same_moment_costs_another_draw(
    messages: Messages, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = waiting(2, connection)

    def be_beaten_once(*, run_id: int, clock: Callable[[], Any]) -> bool:
        if Run.objects.filter(pk=first, state=RunState.PENDING).update(state=RunState.SUBMITTING):
            Run.objects.filter(pk=first).update(lease_until=timezone.now() + HOUR)
            return False
        return messages.submit(run_id=run_id, clock=clock)

    monkeypatch.setattr(turns, "submit_run", be_beaten_once)
    turns.submit_next(clock=timezone.now)
    assert messages.submitted == [second]


def test_nothing_due_is_nothing_to_do(messages: Messages) -> None:
    messages.deliver_all()
    assert messages.submitted == []


def test_a_broker_that_is_away_delays_nothing_that_was_begun(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else is told that a run waits; the sweep tells them."""
    runs = [world.start_run(f"run {number}") for number in range(2)]
    monkeypatch.setattr(queue._Broker, "silent_until", float("inf"))
    for run in runs:
        turns.submit_next(clock=timezone.now)
        assert Run.objects.get(pk=run.pk).attempts == 1
