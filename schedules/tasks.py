"""Background work on schedules. Beat itself fires them (`schedules.firing.beat`); these tasks do the rest."""

from contextlib import suppress
from typing import Any

from celery import shared_task
from celery.signals import worker_init
from django.db import DatabaseError, connection
from django.utils import timezone

from runs.restored import marks
from schedules.firing import engine, upkeep
from schedules.models import Schedule


@worker_init.connect
def _look_whether_it_was_restored(**_: Any) -> None:
    """Log already at the start if the database was restored from a backup. Each submission looks again."""
    with suppress(DatabaseError):
        marks.watch.why_nothing_may_start()
    # The worker's processes are forked later, and must not share this connection.
    connection.close()


@shared_task
def fire_schedule(*, schedule_uuid: str, **_: Any) -> None:
    """Deal with what is due of one schedule. Sent from the admin, or by a stock beat."""
    keys = list(Schedule.objects.filter(uuid=schedule_uuid).values_list("pk", flat=True))
    engine.fire_due(now=timezone.now(), only=keys)


@shared_task
def sweep_ends(**_: Any) -> None:
    while upkeep.count_ends(now=timezone.now()) == upkeep.SCHEDULES_PER_TURN:
        pass


@shared_task
def sweep_switches(**_: Any) -> None:
    while upkeep.apply_switches(now=timezone.now()) == upkeep.SCHEDULES_PER_TURN:
        pass
