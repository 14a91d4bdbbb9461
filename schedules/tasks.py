"""Background work on schedules. Beat fires them by itself (`schedules.firing.beat`); these look after the rest."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from schedules.firing import engine, upkeep
from schedules.models import Schedule


@shared_task
def fire_schedule(*, schedule_uuid: str, **_: Any) -> None:
    """Deal with what is due of one schedule: for who has its row sent from the admin, or runs another beat."""
    keys = list(Schedule.objects.filter(uuid=schedule_uuid).values_list("pk", flat=True))
    if keys:
        engine.fire_due(now=timezone.now(), only=keys)


@shared_task
def sweep_ends(**_: Any) -> None:
    while upkeep.count_ends(now=timezone.now()) == upkeep.AT_ONCE:
        pass


@shared_task
def sweep_switches(**_: Any) -> None:
    while upkeep.apply_switches(now=timezone.now()) == upkeep.AT_ONCE:
        pass
