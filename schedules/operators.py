"""What an operator switches in the admin takes effect at once."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models.signals import post_save, pre_save
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from schedules import periodic
from schedules.models import Schedule
from schedules.sweeping import follow_switch


def _to_be_saved(instance: PeriodicTask, raw: bool = False, **_: Any) -> None:
    """The admin stores it and what follows from it in one transaction. Beat locks the schedule first; so do we."""
    if not raw and instance.pk and instance.task == periodic.TASK and connection.in_atomic_block:
        list(Schedule.objects.filter(periodic_task=instance).select_for_update(of=("self",)).values_list("pk"))


def _saved(instance: PeriodicTask, created: bool, raw: bool = False, **_: Any) -> None:
    """Our own writes send no signal, so this is somebody's hand. Bulk actions send none either: a sweep finds those."""
    if created or raw or instance.task != periodic.TASK:
        return
    schedule = Schedule.objects.filter(periodic_task=instance).first()
    if schedule is not None and schedule.is_enabled != instance.enabled:
        follow_switch(schedule, is_on=instance.enabled, now=timezone.now())


def connect() -> None:
    pre_save.connect(_to_be_saved, sender=PeriodicTask, dispatch_uid="schedules.operators.lock")
    post_save.connect(_saved, sender=PeriodicTask, dispatch_uid="schedules.operators")
