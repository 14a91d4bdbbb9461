"""Beats, people and operators at the same schedules in the same moment, each with a connection of their own.

On PostgreSQL they lock rows in their turn and can lock each other out; on SQLite one waits for the other.
MANTIK_TEST_CONTENTION_ROUNDS is how often the meetings by chance are tried (4).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from mantik.accounts.models import User
from mantik.farewell.services import InTheWay, delete_account
from projects.deletion import ProjectInUse, delete_project
from projects.models import Project
from projects.permissions import Role
from runs.models import Run
from schedules import engine, services
from schedules.models import Schedule, Slot
from schedules.states import Overlap, ScheduleState
from schedules.timing import timing_of
from tests.support.factories import join, make_project, make_schedule
from tests.support.schedules import make_many

ROUNDS = int(os.environ.get("MANTIK_TEST_CONTENTION_ROUNDS", "4"))
# Longer than PostgreSQL waits before it looks for a deadlock.
PATIENCE = 60

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sent")]


@contextmanager
def beside() -> Iterator[Callable[..., Future[Any]]]:
    """`start(act, ...)` has `act` done in a thread that has a connection of its own."""

    def with_connection(act: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        try:
            return act(*arguments, **named)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        yield lambda act, *arguments, **named: pool.submit(with_connection, act, *arguments, **named)


def fire_all() -> None:
    """As a beat does."""
    while engine.next_moment() and engine.fire_due(now=timezone.now(), limit=7):
        pass


def due_now(project: Project, count: int) -> list[int]:
    due = timezone.now().replace(second=0, microsecond=0)
    template = make_schedule(
        project=project, now=due - timedelta(minutes=2), cron_expression=f"{(due.minute + 30) % 60} {due.hour} * * *"
    )
    return make_many(template, count, due=lambda _: (f"{due.minute} {due.hour} * * *", due))


class Held:
    """Stops whoever fires between claiming schedules and storing what became of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.has_claimed, self.may_go_on = threading.Event(), threading.Event()
        store = engine.store

        def stored(*arguments: Any, **named: Any) -> None:
            self.has_claimed.set()
            assert self.may_go_on.wait(PATIENCE)
            store(*arguments, **named)

        monkeypatch.setattr(engine, "store", stored)

    def until_waited_for(self, other: Future[Any]) -> None:
        """Go on when `other` waits for us, or has ended."""
        # There is nothing to look at: it is done, or it waits.
        other_ended = threading.Event()
        other.add_done_callback(lambda _: other_ended.set())
        other_ended.wait(0.3)
        self.may_go_on.set()


def owner_of(project: Project) -> User:
    return join(project, Role.OWNER)


def test_a_project_that_is_deleted_while_its_schedules_fire(monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project()
    owner = owner_of(project)
    keys = due_now(project, 3)
    held = Held(monkeypatch)
    with beside() as start:
        beat = start(fire_all)
        assert held.has_claimed.wait(PATIENCE)
        deletion = start(delete_project, project=project, actor=owner)
        held.until_waited_for(deletion)
        beat.result(PATIENCE)
        with pytest.raises(ProjectInUse, match="3 active runs"):
            deletion.result(PATIENCE)
    assert Slot.objects.filter(schedule__in=keys, outcome="fired").count() == 3


def test_projects_that_are_deleted_while_schedules_fire_go_whole_or_not_at_all() -> None:
    for _ in range(ROUNDS):
        project = make_project()
        owner, keys = owner_of(project), due_now(project, 20)
        tasks = list(Schedule.objects.filter(pk__in=keys).values_list("periodic_task", flat=True))
        with beside() as start:
            beats = [start(fire_all), start(fire_all)]
            deletion = start(delete_project, project=project, actor=owner)
            for beat in beats:
                beat.result(PATIENCE)
            refusal = deletion.exception(PATIENCE)
        if refusal is None:
            assert not Project.objects.filter(pk=project.pk).exists()
            assert not PeriodicTask.objects.filter(pk__in=tasks).exists()
            assert not Run.objects.filter(project=project.pk).exists()
            continue
        assert isinstance(refusal, ProjectInUse), refusal
        # The beats have passed over what the deletion held.
        fire_all()
        assert Slot.objects.filter(schedule__in=keys, outcome="fired").count() == 20
        assert Run.objects.filter(slot__schedule__in=keys).count() == 20


def test_an_account_that_is_deleted_while_its_schedules_fire(monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project()
    owner_of(project)
    keys = due_now(project, 3)
    leaving = Schedule.objects.get(pk=keys[0]).created_by
    held = Held(monkeypatch)
    with beside() as start:
        beat = start(fire_all)
        assert held.has_claimed.wait(PATIENCE)
        farewell = start(delete_account, user=leaving, now=timezone.now())
        held.until_waited_for(farewell)
        beat.result(PATIENCE)
        refusal = farewell.exception(PATIENCE)
    # With runs that go on, nobody leaves.
    assert isinstance(refusal, InTheWay)
    assert Slot.objects.filter(schedule__in=keys, outcome="fired").count() == 3


def test_what_an_operator_switches_off_while_it_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = due_now(make_project(), 3)
    held = Held(monkeypatch)
    with beside() as start:
        beat = start(fire_all)
        assert held.has_claimed.wait(PATIENCE)
        switches = [start(switch_in_admin, key, is_on=False) for key in keys]
        held.until_waited_for(switches[0])
        for future in (beat, *switches):
            future.result(PATIENCE)
    assert {one.state for one in Schedule.objects.filter(pk__in=keys)} == {ScheduleState.PAUSED}
    assert not PeriodicTask.objects.filter(mantik_schedule__in=keys, enabled=True).exists()
    assert Slot.objects.filter(schedule__in=keys, outcome="fired").count() == 3


def switch_in_admin(key: int, *, is_on: bool) -> None:
    """As the admin stores a form: in one transaction."""
    with transaction.atomic():
        task = PeriodicTask.objects.get(mantik_schedule=key)
        task.enabled = is_on
        task.save()


def test_people_and_operators_at_schedules_that_two_beats_fire() -> None:
    """Each instant has one slot, and what a person did has happened."""
    for _ in range(ROUNDS):
        project = make_project()
        keys = due_now(project, 15)
        schedules = list(Schedule.objects.filter(pk__in=keys).order_by("pk"))
        due = schedules[0].next_due_at
        assert due
        acts = (pause, rename, delete, run_at_once, switch_off)
        with beside() as start:
            beats = [start(fire_all), start(fire_all)]
            done = [start(acts[number % len(acts)], schedule) for number, schedule in enumerate(schedules)]
            for future in (*beats, *done):
                future.result(PATIENCE)
        fire_all()
        for number, schedule in enumerate(schedules):
            expect(acts[number % len(acts)], schedule.pk, due)
        deleted = sum(acts[number % len(acts)] is delete for number in range(len(keys)))
        assert Schedule.objects.filter(pk__in=keys).count() == len(keys) - deleted
        assert PeriodicTask.objects.filter(mantik_schedule__project=project).count() == len(keys) - deleted + 1


def pause(schedule: Schedule) -> None:
    services.pause_schedule(schedule=schedule, actor=schedule.created_by, now=timezone.now())


def rename(schedule: Schedule) -> None:
    services.edit_schedule(
        schedule=schedule,
        actor=schedule.created_by,
        revision=schedule.revision,
        name=f"renamed {schedule.pk}",
        run=None,
        connection=schedule.connection,
        compute_budget_account=schedule.compute_budget_account,
        timing=timing_of(cron_expression=schedule.cron_expression, time_zone="UTC", end_date=None),
        policies=services.Policies(overlap=Overlap.ALLOW),
        now=timezone.now(),
    )


def delete(schedule: Schedule) -> None:
    services.delete_schedule(schedule=schedule, actor=schedule.created_by)


def run_at_once(schedule: Schedule) -> None:
    with suppress(services.NotAllowed):  # it has just fired
        services.run_now(schedule=schedule, actor=schedule.created_by, now=timezone.now())


def switch_off(schedule: Schedule) -> None:
    switch_in_admin(schedule.pk, is_on=False)


def expect(act: Callable[[Schedule], None], key: int, due: datetime) -> None:
    found = Schedule.objects.filter(pk=key).first()
    if act is delete:
        assert found is None
        return
    assert found is not None
    # Dealt with once, by a beat or on the way of who changed it.
    assert found.slots.filter(due_at=due).count() == found.slots.filter(asked_by=None).count() == 1
    assert found.is_paused == (act in (pause, switch_off))
    assert (found.name == f"renamed {found.pk}") == (act is rename)
    assert PeriodicTask.objects.get(pk=found.periodic_task_id).enabled == found.is_enabled


@pytest.mark.parametrize("act", [pause, rename, run_at_once, delete])
def test_what_somebody_does_to_a_schedule_that_has_just_been_deleted(act: Callable[[Schedule], None]) -> None:
    """Views answer this as they answer for a schedule that is not there."""
    (key,) = due_now(make_project(), 1)
    schedule = Schedule.objects.get(pk=key)
    delete(Schedule.objects.get(pk=key))
    with suppress(services.ChangedMeanwhile):
        act(schedule)
    assert not Schedule.objects.filter(pk=key).exists()
    assert not Run.objects.filter(slot__isnull=False).exists()
