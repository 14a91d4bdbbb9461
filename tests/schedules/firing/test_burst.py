"""What is due at one moment, and is too much for one transaction."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from schedules.firing import burst, engine
from schedules.firing.ahead import ReadAhead
from schedules.models import Schedule
from tests.schedules.firing.bursts import assert_each_once
from tests.schedules.firing.bursts import burst as make_burst

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sent")]

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time.")


@pytest.fixture
def callers(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the threads that fired something."""
    names: set[str] = set()
    fire_due = engine.fire_due

    def note(**arguments: Any) -> int:
        if fired := fire_due(**arguments):
            names.add(threading.current_thread().name)
        return fired

    monkeypatch.setattr(engine, "fire_due", note)
    return names


def fire_burst(ahead: ReadAhead | None = None) -> int:
    return burst.fire_burst(now=timezone.now(), ahead=ahead or ReadAhead())


def fired_in_turns(ahead: ReadAhead | None = None) -> int:
    """All that is due, as beat does it: how many they were."""
    return sum(iter(lambda: fire_burst(ahead), 0))


@on_postgresql
def test_two_threads_share_it_and_each_is_fired_once(template: Schedule, callers: set[str]) -> None:
    keys = make_burst(template)
    assert fired_in_turns() == len(keys)
    assert_each_once(keys)
    assert callers == {"MainThread", "burst"}
    # What operators see.
    tasks = PeriodicTask.objects.filter(mantik_schedule__in=keys)
    assert set(tasks.values_list("total_run_count", flat=True)) == {1}
    assert not tasks.filter(last_run_at=None).exists()


@on_postgresql
def test_two_threads_use_what_was_read_before(template: Schedule, callers: set[str]) -> None:
    keys = make_burst(template)
    ahead, due = ReadAhead(), engine.next_moment()
    assert due
    ahead.read(due)
    assert fired_in_turns(ahead) == len(keys)
    assert_each_once(keys)
    assert callers == {"MainThread", "burst"}


@on_postgresql
def test_a_few_are_left_to_one(template: Schedule, callers: set[str]) -> None:
    keys = make_burst(template, engine.SCHEDULES_PER_TRANSACTION)
    assert fire_burst() == len(keys)
    assert callers == {"MainThread"}


@on_postgresql
def test_beat_has_its_turn_for_all_else_in_between(template: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = make_burst(template)
    monkeypatch.setattr(burst, "BURST_SECONDS", 0.001)
    # At most one transaction of each thread.
    assert 0 < fire_burst() <= 2 * engine.SCHEDULES_PER_TRANSACTION
    fired_in_turns()
    assert_each_once(keys)


@on_postgresql
def test_what_one_thread_fails_at_is_told(template: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = make_burst(template)
    fire_due = engine.fire_due

    def fail_beside(**arguments: Any) -> int:
        if threading.current_thread().name == "burst":
            raise OperationalError("The database has gone.")
        return fire_due(**arguments)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "fire_due", fail_beside)
        with pytest.raises(OperationalError):
            fire_burst()
    fired_in_turns()
    assert_each_once(keys)


@on_postgresql
def test_without_a_second_thread_the_first_fires_alone(template: Schedule, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    keys = make_burst(template)
    monkeypatch.setattr(threading.Thread, "start", fail)
    assert fired_in_turns() == len(keys)
    assert_each_once(keys)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has as many writers as you like.")
def test_sqlite_is_left_to_one_thread(template: Schedule, callers: set[str]) -> None:
    keys = make_burst(template)
    fired_in_turns()
    assert_each_once(keys)
    assert callers == {"MainThread"}
