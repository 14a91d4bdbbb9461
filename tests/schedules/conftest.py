from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from celery import Task

from mantik.accounts.models import User
from projects.models import Project
from projects.permissions import Role
from runs.models import Run
from schedules import engine
from schedules.models import Schedule
from tests.support.factories import join, make_project

# A Monday morning, one minute before schedules of every five minutes are due.
EARLIER = datetime(2027, 3, 1, 7, 59, tzinfo=UTC)
DUE = EARLIER + timedelta(minutes=1)


@pytest.fixture
def project(db: None) -> Project:
    return make_project(name="Solar cells")


@pytest.fixture
def ada(project: Project) -> User:
    """A researcher, whose schedules these are."""
    return join(project, Role.RESEARCHER)


def fire(now: datetime) -> None:
    """As beat does at `now`, until nothing is due any more."""
    while engine.fire_due(now=now):
        pass


def ledger(schedule: Schedule) -> list[tuple[str, str]]:
    """(HH:MM in UTC, outcome) of each slot, oldest first."""
    return [(f"{slot.due_at:%H:%M}", slot.outcome) for slot in schedule.slots.order_by("due_at")]


def runs_of(schedule: Schedule) -> list[Run]:
    return list(Run.objects.filter(slot__schedule=schedule).order_by("slot__due_at"))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    """(task, arguments) of each message that would have gone to the broker."""
    messages: list[tuple[str, object]] = []

    def note(task: Task[..., object], *, kwargs: object, **_: object) -> None:
        messages.append((task.name, kwargs))

    monkeypatch.setattr(Task, "apply_async", note)
    return messages
