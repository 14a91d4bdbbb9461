"""What an operator switches in the admin takes effect at once, in the operator's name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models.signals import post_save, pre_save
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from mantik.accounts.models import User
from schedules import periodic
from schedules.models import Schedule
from schedules.sweeping import follow_switch


@dataclass
class Hand:
    """An operator at work. `refusals` collects sentences on what was switched on and could not be."""

    operator: User
    refusals: list[str] = field(default_factory=list)


_hand: ContextVar[Hand | None] = ContextVar("schedules.operators", default=None)


@contextmanager
def at_work(operator: User) -> Iterator[Hand]:
    """What is switched inside is switched by `operator`."""
    hand = Hand(operator)
    token = _hand.set(hand)
    try:
        yield hand
    finally:
        _hand.reset(token)


def heed(tasks: list[int]) -> None:
    """Follow what was switched in bulk, of PeriodicTasks by primary key: that sends no signal."""
    for schedule in Schedule.objects.out_of_step().filter(periodic_task__in=tasks).order_by("pk"):
        _follow(schedule, is_on=not schedule.is_enabled)


def _to_be_saved(instance: PeriodicTask, raw: bool = False, **_: Any) -> None:
    """The admin stores it and what follows from it in one transaction. Beat locks the schedule first; so do we."""
    if not raw and instance.pk and instance.task == periodic.TASK and connection.in_atomic_block:
        list(Schedule.objects.filter(periodic_task=instance).select_for_update(of=("self",)).values_list("pk"))


def _saved(instance: PeriodicTask, created: bool, raw: bool = False, **_: Any) -> None:
    """Our own writes send no signal, so this is somebody's hand. Past the admin, a sweep finds what sends none."""
    if created or raw or instance.task != periodic.TASK:
        return
    schedule = Schedule.objects.filter(periodic_task=instance).first()
    if schedule is not None and schedule.is_enabled != instance.enabled:
        _follow(schedule, is_on=instance.enabled)


def _follow(schedule: Schedule, *, is_on: bool) -> None:
    hand = _hand.get()
    refusal = follow_switch(schedule, is_on=is_on, now=timezone.now(), actor=hand.operator if hand else None)
    if hand and refusal:
        hand.refusals.append(f"The schedule {schedule.name} does not go on. {refusal}")


def connect() -> None:
    pre_save.connect(_to_be_saved, sender=PeriodicTask, dispatch_uid="schedules.operators.lock")
    post_save.connect(_saved, sender=PeriodicTask, dispatch_uid="schedules.operators")
