"""What beat stores of its own periodic tasks, the sweeps, when it starts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from mantik.beat import beat_schedule
from mantik.celery import app
from schedules.firing.beat import ScheduleBeat

pytestmark = pytest.mark.django_db(transaction=True)

_SWEEP = "Sweep jobs"


def test_the_first_start_stores_them_all() -> None:
    ScheduleBeat(app=app)

    assert set(beat_schedule()) <= set(PeriodicTask.objects.values_list("name", flat=True))


def test_another_start_writes_nothing() -> None:
    ScheduleBeat(app=app)

    with CaptureQueriesContext(connection) as queries:
        ScheduleBeat(app=app)

    assert not written(queries.captured_queries)


@pytest.mark.parametrize("change", [{"task": "another.task"}, {"expire_seconds": 1}, {"interval": 3}])
def test_what_differs_from_the_settings_is_put_right(change: dict[str, object]) -> None:
    """They come from another version of Mantik, or were changed in the admin."""
    ScheduleBeat(app=app)
    if "interval" in change:
        change = {"interval": IntervalSchedule.objects.create(every=3, period=IntervalSchedule.HOURS)}
    PeriodicTask.objects.filter(name=_SWEEP).update(**change)

    beat = ScheduleBeat(app=app)

    row, wanted = PeriodicTask.objects.get(name=_SWEEP), beat_schedule()[_SWEEP]
    assert (row.task, row.expire_seconds) == (wanted["task"], wanted["options"]["expire_seconds"])
    assert (
        row.schedule.run_every == beat.schedule[_SWEEP].schedule.run_every == wanted["schedule"] == timedelta(seconds=2)
    )


def test_one_that_an_operator_has_switched_off_stays_off() -> None:
    ScheduleBeat(app=app)
    PeriodicTask.objects.filter(name=_SWEEP).update(enabled=False)

    beat = ScheduleBeat(app=app)

    assert _SWEEP not in beat.schedule
    assert not PeriodicTask.objects.get(name=_SWEEP).enabled


def written(queries: Collection[dict[str, str]]) -> list[str]:
    return [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
