"""Real `celery beat` processes on a real broker, killed while many schedules are due.

MANTIK_TEST_BEAT_KILLS is how often each test kills (10).
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection as database
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from mantik.lib.service_urls import own_broker_socket, own_broker_url
from mantik.up.broker import broker_service
from mantik.up.group import Group
from runs.models import Run
from runs.states import RunState
from runs.submission import due_runs
from schedules.models import Schedule, Slot
from schedules.states import Outcome
from tests.exactly_once.conftest import database_url
from tests.support.factories import make_schedule
from tests.support.schedules import TOP, Beats, kill, make_many, typed_beat
from tests.support.waiting import wait_until
from tests.up.children import is_alive

KILLS = int(os.environ.get("MANTIK_TEST_BEAT_KILLS", "10"))
# More than one transaction's worth, so that beat dies between and within them.
BURST = 400

pytestmark = pytest.mark.timeout(120 + 30 * KILLS)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[redis.Redis]:
    group = Group(directory=TOP, output=lambda _name, _line: None, is_stopping=lambda: False)
    try:
        group.start([broker_service(tmp_path)])
        group.await_ready()
        with redis.Redis(unix_socket_path=str(own_broker_socket(tmp_path))) as client:
            yield client
    finally:
        group.stop()


@pytest.fixture
def environment(transactional_db: None, broker: redis.Redis, tmp_path: Path) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "mantik.settings",
        "MANTIK_DEBUG": "1",
        "MANTIK_DATA_DIR": str(django_settings.MANTIK_DATA_DIR),
        "MANTIK_DATABASE_URL": database_url(database.settings_dict),
        "MANTIK_BROKER_URL": own_broker_url(tmp_path),
        "MANTIK_SECRET_KEY": django_settings.SECRET_KEY,
        "MANTIK_LOG_LEVEL": "WARNING",
    }


@pytest.fixture
def template(transactional_db: None) -> Schedule:
    """Not due for a day."""
    now = timezone.now()
    return make_schedule(now=now, cron_expression=f"{now.minute} {now.hour} * * *")


def burst(template: Schedule, count: int = BURST) -> list[int]:
    """Due since the minute began, and then not for a day."""
    due = timezone.now().replace(second=0, microsecond=0)
    return make_many(template, count, due=lambda _: (f"{due.minute} {due.hour} * * *", due))


def fired(keys: list[int]) -> int:
    return Slot.objects.filter(schedule__in=keys).count()


def await_more(keys: list[int]) -> None:
    begun = fired(keys)
    wait_until(lambda: fired(keys) > begun, seconds=60)


def assert_each_once(keys: list[int]) -> None:
    """One slot each, with one run each, and no run besides."""
    slots = list(Slot.objects.filter(schedule__in=keys).select_related("run"))
    assert Counter(slot.schedule_id for slot in slots) == Counter(keys)
    assert {slot.outcome for slot in slots} == {Outcome.FIRED}
    assert len({slot.run_id for slot in slots}) == len(keys)
    assert set(Run.objects.filter(state=RunState.PENDING).values_list("pk", flat=True)) == {
        slot.run_id for slot in slots
    }
    assert not Schedule.objects.filter(pk__in=keys, next_fire_at__lte=timezone.now()).exists()


@pytest.fixture
def launched(environment: dict[str, str], tmp_path: Path) -> Iterator[Beats]:
    with Beats(environment, tmp_path / "beat.log") as beats:
        yield beats


@pytest.mark.parametrize("count", [1, 2])
def test_each_instant_is_dealt_with_once_however_often_beat_is_killed(
    template: Schedule, launched: Beats, broker: redis.Redis, count: int
) -> None:
    keys = burst(template)
    running = [launched.start() for _ in range(count)]
    midway = 0
    for number in range(KILLS):
        # Those of the last round that are left, and some new ones.
        await_more(keys)
        time.sleep(random.uniform(0, 0.3))
        kill(running.pop(0))
        midway += fired(keys) < len(keys)
        if number == KILLS // 2:
            broker.flushall()
        keys += burst(template)
        running.append(launched.start())
    wait_until(lambda: fired(keys) == len(keys), seconds=120)
    assert_each_once(keys)
    # Whatever became of the messages, the sweep of submissions finds every run.
    assert len(due_runs(now=timezone.now(), limit=len(keys) + 1)) == len(keys)
    assert midway > KILLS // 4


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
    wait_until(lambda: fired(keys) == 2 and Schedule.objects.get(pk=off.pk).is_paused, seconds=60)
    assert_each_once(keys[1:])


def test_beat_as_one_types_it_fires_and_sweeps(
    template: Schedule, environment: dict[str, str], tmp_path: Path, broker: redis.Redis
) -> None:
    begun = timezone.now()
    keys = burst(template, 3)
    with typed_beat(environment, tmp_path / "beat.log"):
        wait_until(lambda: fired(keys) == len(keys), seconds=120)
        wait_until(lambda: broker.llen("follow") >= 2 and broker.llen("submit") >= 1, seconds=120)
    assert_each_once(keys)
    assert PeriodicTask.objects.get(pk=template.periodic_task_id).last_run_at is None
    swept = PeriodicTask.objects.get(name="Sweep jobs").last_run_at
    assert isinstance(swept, datetime)
    assert swept > begun - timedelta(seconds=1)
