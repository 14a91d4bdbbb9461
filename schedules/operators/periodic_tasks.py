"""The django-celery-beat rows of schedules: what operators see in the admin, and can switch there.

Each schedule has a PeriodicTask with a crontab of its own, written in the same transaction as the schedule. We write
them without sending their signals, which would make beat read all of its tasks again; so a signal from such a row
means that somebody changed it in the admin (`schedules.operators.switches`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from schedules.firing.timing import Timing
from schedules.models import Schedule

_SECOND = timedelta(seconds=1)
_LATEST = datetime.max.replace(tzinfo=UTC) - _SECOND
# The task that the rows name. A stock beat that sends it makes a worker deal with what is due.
TASK = "schedules.tasks.fire_schedule"
_ABOUT = "Kept by Mantik. Switching it off here pauses the schedule; everything else is changed in its project."


def add(*, schedule: Schedule, timing: Timing) -> PeriodicTask:
    """Add the row of a new schedule, which is not stored yet."""
    (crontab,) = CrontabSchedule.objects.bulk_create([CrontabSchedule(**_crontab(timing))])
    task = PeriodicTask(
        task=TASK,
        crontab=crontab,
        kwargs=f'{{"schedule_uuid": "{schedule.uuid}"}}',
        description=_ABOUT,
        **_columns(schedule, timing),
    )
    (task,) = PeriodicTask.objects.bulk_create([task])
    return task


def update(*, schedule: Schedule, timing: Timing) -> None:
    """Bring the row up to date after an edit of its schedule."""
    rows = PeriodicTask.objects.filter(pk=schedule.periodic_task_id)
    CrontabSchedule.objects.filter(pk__in=rows.values("crontab")).update(**_crontab(timing))
    rows.update(**_columns(schedule, timing))


def switch(schedules: Collection[Schedule]) -> None:
    """Switch the rows on or off, as their schedules are."""
    for is_enabled in (True, False):
        keys = [schedule.periodic_task_id for schedule in schedules if schedule.is_enabled == is_enabled]
        if keys:
            PeriodicTask.objects.filter(pk__in=keys).exclude(enabled=is_enabled).update(enabled=is_enabled)


def note_fired(keys: Collection[int], *, now: datetime) -> None:
    """Note in these rows, by primary key, that their schedules have just fired."""
    if keys:
        PeriodicTask.objects.filter(pk__in=keys).update(last_run_at=now, total_run_count=F("total_run_count") + 1)


def remove(keys: Collection[int]) -> None:
    """Delete PeriodicTasks by primary key, with their crontabs, once no schedule refers to them."""
    crontabs = list(PeriodicTask.objects.filter(pk__in=keys).values_list("crontab", flat=True))
    for rows in (PeriodicTask.objects.filter(pk__in=keys), CrontabSchedule.objects.filter(pk__in=crontabs)):
        rows._raw_delete(rows.db)  # past the signals


def _crontab(timing: Timing) -> dict[str, Any]:
    return {**timing.cron.crontab, "timezone": timing.zone}


def _columns(schedule: Schedule, timing: Timing) -> dict[str, Any]:
    # celery-beat stores the first moment that is too late; `until` is the last one that is not. After 9999-12-31, which
    # people type for "never", there is none.
    has_end = timing.end_date is not None and timing.until <= _LATEST
    expires = timing.until + _SECOND if has_end else None
    return {"name": f"{schedule.name} ({schedule.uuid})", "enabled": schedule.is_enabled, "expires": expires}
