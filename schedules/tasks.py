"""Background work on schedules. Beat fires them by itself (`schedules.beat`); these look after the rest."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from schedules import engine, sweeping
from schedules.models import Schedule


@shared_task
def fire_schedule(*, schedule_uuid: str, **_: Any) -> None:
    """Deal with what is due of one schedule: for who has its row sent from the admin, or runs another beat."""
    keys = list(Schedule.objects.filter(uuid=schedule_uuid).values_list("pk", flat=True))
    if keys:
        engine.fire_due(now=timezone.now(), only=keys)


@shared_task
def sweep_ends(**_: Any) -> None:
    while sweeping.count_ends(now=timezone.now()) == sweeping.AT_ONCE:
        pass


@shared_task
def sweep_switches(**_: Any) -> None:
    while sweeping.heed_operators(now=timezone.now()) == sweeping.AT_ONCE:
        pass
