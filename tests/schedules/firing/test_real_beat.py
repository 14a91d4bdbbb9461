"""Real `celery beat` processes on a real broker, killed while many schedules are due."""

from __future__ import annotations

import random
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
import redis
from django.db import connection as database
from django.db import transaction
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from runs.models import Run
from schedules.models import Schedule, Slot
from schedules.states import Outcome
from tests.mantik.up.children import is_alive
from tests.schedules.firing.bursts import BURST, assert_each_once, begin_burst, burst, come_of, fired
from tests.support.proofs import Proved, trials
from tests.support.schedules import Beats, kill, make_many, typed_beat
from tests.support.waiting import wait_until

KILLS = trials(5, 10)

pytestmark = pytest.mark.timeout(120 + 30 * KILLS)


@pytest.mark.parametrize("trial", range(trials(1, 10)))
# What two do at once to a database, one does not.
@pytest.mark.parametrize("count", [pytest.param(1, marks=pytest.mark.any_database), 2])
def test_each_due_time_is_dealt_with_once_however_often_beat_is_killed(
    template: Schedule, launched: Beats, broker: redis.Redis, proved: Proved, count: int, trial: int
) -> None:
    keys: list[int] = []
    running = [launched.start() for _ in range(count)]
    midway = 0
    for number in range(KILLS):
        # What the one before has left is due, too.
        keys += begin_burst(template)
        # The burst is over soon, so half of the kills are at once.
        time.sleep(random.uniform(0, 0.15) if number % 2 else 0)
        kill(running.pop(0))
        midway += fired(keys) < len(keys)
        if number == KILLS // 2:
            broker.flushall()
        running.append(launched.start())
    wait_until(lambda: fired(keys) == len(keys), seconds=120)
    proved(kills=KILLS, midway=midway, **come_of(keys))
    assert_each_once(keys)
    # Whatever became of the messages, the sweep of submissions finds every run.
    assert Run.objects.due_for_submission(timezone.now()).count() == len(keys)
    assert midway


def test_beat_waits_for_its_database_and_goes_on(template: Schedule, launched: Beats) -> None:
    beat = launched.start()
    first = burst(template)
    wait_until(lambda: fired(first) > 0, seconds=60)
    for _ in range(3):
        _disturb()
    second = burst(template)
    wait_until(lambda: fired(first + second) == 2 * BURST, seconds=60)
    assert is_alive(beat)
    assert_each_once(first + second)


def _disturb() -> None:
    """PostgreSQL throws everybody else out of this database, no other; SQLite is locked for a while."""
    with database.cursor() as cursor:
        if database.vendor == "postgresql":
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            time.sleep(0.2)
            return
        cursor.execute("BEGIN IMMEDIATE")
        time.sleep(0.5)
        cursor.execute("COMMIT")


def test_what_an_operator_switches_off_in_bulk_stays_off(template: Schedule, launched: Beats) -> None:
    keys = burst(template, 3)
    off = Schedule.objects.get(pk=keys[0])
    PeriodicTask.objects.filter(pk=off.periodic_task_id).update(enabled=False)
    launched.start()
    wait_until(lambda: fired(keys) == 3 and Schedule.objects.get(pk=off.pk).is_paused, seconds=60)
    assert_each_once(keys[1:])
    # What was due by then is told, not done.
    slot = Slot.objects.get(schedule=off)
    assert (slot.outcome, slot.run) == (Outcome.HELD, None)


def test_beat_as_one_types_it_fires_and_sweeps(
    template: Schedule, environment: dict[str, str], tmp_path: Path, broker: redis.Redis
) -> None:
    begun = timezone.now()
    keys = burst(template, 3)
    with typed_beat(environment, tmp_path / "beat.log"):
        wait_until(lambda: fired(keys) == len(keys), seconds=120)
        wait_until(lambda: _queued(broker, "follow") >= 2 and _queued(broker, "submit") >= 1, seconds=120)
    assert_each_once(keys)
    assert PeriodicTask.objects.get(pk=template.periodic_task_id).last_run_at is None
    swept = PeriodicTask.objects.get(name="Sweep jobs").last_run_at
    assert isinstance(swept, datetime)
    assert swept > begun - timedelta(seconds=1)


@pytest.mark.skipif(database.vendor != "postgresql", reason="SQLite has nothing to wait at in the middle of a tick.")
def test_beat_ends_when_told_to_in_the_middle_of_a_query(
    template: Schedule, environment: dict[str, str], tmp_path: Path, broker: redis.Redis
) -> None:
    """psycopg locks a connection for each query: who writes from a signal's handler waits for themselves for ever."""
    keys = burst(template, 3)
    with typed_beat(environment, tmp_path / "beat.log") as beat:
        wait_until(lambda: fired(keys) == len(keys), seconds=60)
        # It has entries to write at its end.
        wait_until(lambda: _queued(broker, "follow") >= 2, seconds=60)
        with transaction.atomic(), database.cursor() as cursor:
            cursor.execute("LOCK TABLE schedules_schedule IN ACCESS EXCLUSIVE MODE")
            wait_until(lambda: _waiting() > 0)
            beat.terminate()
            wait_until(lambda: beat.poll() is not None)


@pytest.mark.skipif(database.vendor != "postgresql", reason="With SQLite beat has one thread.")
def test_beat_ends_when_told_to_while_both_its_threads_wait(
    template: Schedule, environment: dict[str, str], tmp_path: Path
) -> None:
    first = burst(template, 3)
    with typed_beat(environment, tmp_path / "beat.log") as beat:
        wait_until(lambda: fired(first) == len(first), seconds=60)
        soon = timezone.now() + timedelta(seconds=3)
        keys = make_many(template, BURST, due=lambda _: (f"{soon.minute} {soon.hour} * * *", soon))
        with transaction.atomic(), database.cursor() as cursor:
            cursor.execute("LOCK TABLE runs_run IN SHARE MODE")
            wait_until(lambda: _waiting() == 2, seconds=60)
            beat.terminate()
            wait_until(lambda: beat.poll() is not None)
    # What it had in hand is due again, all of it.
    wait_until(lambda: Schedule.objects.due(timezone.now()).filter(pk__in=keys).count() == len(keys))
    assert fired(keys) == 0


def _waiting() -> int:
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return int(cursor.fetchone()[0])


def _queued(broker: redis.Redis, queue: str) -> int:
    # By its types, the client might be the asynchronous one.
    return cast("int", broker.llen(queue))
