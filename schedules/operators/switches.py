"""Makes a switch that an operator uses in the admin take effect at once, in the operator's name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save, pre_save
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from mantik.accounts.models import User
from schedules.firing.upkeep import follow_switch
from schedules.models import Schedule
from schedules.operators import periodic_tasks
from schedules.querysets import ScheduleQuerySet
from schedules.services.schedules import lock


@dataclass
class OperatorAction:
    """What one operator does in the admin. `refusals` collects sentences on schedules that could not be switched on."""

    operator: User
    refusals: list[str] = field(default_factory=list)


_action: ContextVar[OperatorAction | None] = ContextVar("schedules.operators.switches", default=None)


@contextmanager
def at_work(operator: User) -> Iterator[OperatorAction]:
    """For `with`: `operator` is the actor of every switch inside."""
    action = OperatorAction(operator)
    token = _action.set(action)
    try:
        yield action
    finally:
        _action.reset(token)


@contextmanager
def switching(tasks: list[int]) -> Iterator[None]:
    """For `with`: apply bulk switches made inside, which send no signal. `tasks`: primary keys of PeriodicTasks."""
    with transaction.atomic():
        now = _get_ready(Schedule.objects.filter(periodic_task__in=tasks))
        yield
        for schedule in Schedule.objects.out_of_step().filter(periodic_task__in=tasks).order_by("pk"):
            _follow(schedule, is_on=not schedule.is_enabled, now=now)


def _get_ready(schedules: ScheduleQuerySet) -> datetime:
    """Deal with what was due before the switch, while the schedules are still as they were; returns that moment.

    Beat locks schedules before their rows in the admin; so does this.
    """
    now = timezone.now()
    with transaction.atomic():
        for schedule in schedules.order_by("pk"):
            lock(schedule, now=now)
    return now


def _to_be_saved(instance: PeriodicTask, raw: bool = False, **_: Any) -> None:
    """Get ready for a switch. The admin stores rows in a transaction, so nobody else can come in between."""
    if not raw and instance.pk and instance.task == periodic_tasks.TASK:
        instance.switched_at = _get_ready(Schedule.objects.filter(periodic_task=instance))


def _saved(instance: PeriodicTask, created: bool, raw: bool = False, **_: Any) -> None:
    """Apply a switch. A person made it: our own writes send no signal, and a sweep finds changes without a signal."""
    if created or raw or instance.task != periodic_tasks.TASK:
        return
    schedule = Schedule.objects.filter(periodic_task=instance).first()
    if schedule is not None and schedule.is_enabled != instance.enabled:
        _follow(schedule, is_on=instance.enabled, now=instance.switched_at)


def _follow(schedule: Schedule, *, is_on: bool, now: datetime) -> None:
    action = _action.get()
    refusal = follow_switch(schedule, is_on=is_on, now=now, actor=action.operator if action else None)
    if action and refusal:
        action.refusals.append(f"The schedule {schedule.name} was not switched on. {refusal}")


def connect() -> None:
    pre_save.connect(_to_be_saved, sender=PeriodicTask, dispatch_uid="schedules.operators.switches.lock")
    post_save.connect(_saved, sender=PeriodicTask, dispatch_uid="schedules.operators.switches")
