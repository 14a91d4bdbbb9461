"""Beats, people and operators at the same schedules in the same moment.

On PostgreSQL they lock rows in their turn and can lock each other out; on SQLite one waits for the other.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import pytest
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from mantik.account_deletion.services import InTheWay, delete_account
from mantik.accounts.models import User
from projects.models import Project
from projects.roles import Role
from projects.services.deletion import ProjectInUse, delete_project
from runs.models import Run
from schedules.models import Schedule, Slot
from schedules.services import schedules as services
from schedules.states import ScheduleState
from tests.schedules.firing.meeting import (
    PATIENCE,
    beside,
    delete,
    due_now,
    fire_all,
    pause,
    rename,
    stop_beat,
    switch_in_admin,
    switch_off,
    switch_off_in_bulk,
)
from tests.support.factories import join, make_project
from tests.support.proofs import Proved, trials

# Of meetings by chance.
ROUNDS = trials(4, 100)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sent")]


def add_owner(project: Project) -> User:
    return join(project, Role.OWNER)


def test_a_project_that_is_deleted_while_its_schedules_fire(monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project()
    owner = add_owner(project)
    keys = due_now(project, 3)
    held = stop_beat(monkeypatch)
    with beside() as start:
        beat = start(fire_all)
        held.until_reached()
        deletion = start(delete_project, project=project, actor=owner)
        held.go_on_when_waited_for(deletion)
        beat.result(PATIENCE)
        with pytest.raises(ProjectInUse, match="3 active runs"):
            deletion.result(PATIENCE)
    assert Slot.objects.filter(schedule__in=keys, outcome="fired").count() == 3


def test_projects_that_are_deleted_while_schedules_fire_go_whole_or_not_at_all(proved: Proved) -> None:
    for _ in range(ROUNDS):
        project = make_project()
        owner, keys = add_owner(project), due_now(project, 20)
        tasks = list(Schedule.objects.filter(pk__in=keys).values_list("periodic_task", flat=True))
        with beside() as start:
            beats = [start(fire_all), start(fire_all)]
            deletion = start(delete_project, project=project, actor=owner)
            for beat in beats:
                beat.result(PATIENCE)
            refusal = deletion.exception(PATIENCE)
        proved(rounds=1, deleted=int(refusal is None))
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
    # Somebody who stays.
    add_owner(project)
    keys = due_now(project, 3)
    leaving = Schedule.objects.get(pk=keys[0]).created_by
    held = stop_beat(monkeypatch)
    with beside() as start:
        beat = start(fire_all)
        held.until_reached()
        deletion = start(delete_account, user=leaving, now=timezone.now())
        held.go_on_when_waited_for(deletion)
        beat.result(PATIENCE)
        refusal = deletion.exception(PATIENCE)
    # With runs that go on, nobody leaves.
    assert isinstance(refusal, InTheWay)
    assert Slot.objects.filter(schedule__in=keys, outcome="fired").count() == 3


def test_what_an_operator_switches_off_while_it_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = due_now(make_project(), 3)
    held = stop_beat(monkeypatch)
    with beside() as start:
        beat = start(fire_all)
        held.until_reached()
        switches = [start(switch_in_admin, key, is_on=False) for key in keys]
        held.go_on_when_waited_for(*switches)
        for future in (beat, *switches):
            future.result(PATIENCE)
    assert {one.state for one in Schedule.objects.filter(pk__in=keys)} == {ScheduleState.PAUSED}
    assert not PeriodicTask.objects.filter(mantik_schedule__in=keys, enabled=True).exists()
    assert Slot.objects.filter(schedule__in=keys, outcome="fired").count() == 3


def test_people_and_operators_at_schedules_that_two_beats_fire(proved: Proved) -> None:
    for _ in range(ROUNDS):
        project = make_project()
        keys = due_now(project, 18)
        schedules = list(Schedule.objects.filter(pk__in=keys).order_by("pk"))
        due = schedules[0].next_due_at
        assert due
        acts = (pause, rename, delete, run_at_once, switch_off, switch_off_in_bulk)
        with beside() as start:
            beats = [start(fire_all), start(fire_all)]
            done = [start(acts[number % len(acts)], schedule) for number, schedule in enumerate(schedules)]
            for future in (*beats, *done):
                future.result(PATIENCE)
        fire_all()
        for number, schedule in enumerate(schedules):
            assert_one_slot(acts[number % len(acts)], schedule.pk, due)
        deleted = sum(acts[number % len(acts)] is delete for number in range(len(keys)))
        assert Schedule.objects.filter(pk__in=keys).count() == len(keys) - deleted
        # And that of the schedule that `due_now` copies.
        assert PeriodicTask.objects.filter(mantik_schedule__project=project).count() == len(keys) - deleted + 1
        proved(rounds=1, acts=len(keys))


def run_at_once(schedule: Schedule) -> None:
    with suppress(services.NotAllowed):  # it has just fired
        services.run_now(schedule=schedule, actor=schedule.created_by, now=timezone.now())


def assert_one_slot(act: Callable[[Schedule], None], key: int, due: datetime) -> None:
    """Whoever was first, the due time has one slot, and what somebody did has happened."""
    found = Schedule.objects.filter(pk=key).first()
    if act is delete:
        assert found is None
        return
    assert found is not None
    # Dealt with once, by a beat or on the way of who changed it.
    assert found.slots.filter(due_at=due).count() == found.slots.filter(asked_by=None).count() == 1
    assert found.is_paused == (act in (pause, switch_off, switch_off_in_bulk))
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
