"""A beat, and a worker, on a database of another version of Mantik."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection
from django_celery_beat.models import PeriodicTask

from mantik.celery import app
from mantik.lib import schema
from schedules.firing import beat
from tests.schedules.conftest import environment_of
from tests.support.places import TOP

pytestmark = pytest.mark.django_db(transaction=True)

SAID = "The table schedules_schedule has no column next_fire_at."


@contextmanager
def another_version() -> Iterator[Callable[[], None]]:
    """Yields what makes it the database of this code again."""
    rename("next_fire_at", "fires_next_at")
    is_renamed = [True]

    def restore() -> None:
        if is_renamed:
            is_renamed.clear()
            rename("fires_next_at", "next_fire_at")

    try:
        yield restore
    finally:
        restore()


def rename(column: str, to: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE schedules_schedule RENAME COLUMN {column} TO {to}")


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged, each with its reason."""
    told = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    return [" ".join(filter(None, (message["event"], message.get("reason", "")))) for message in told]


def test_beat_that_begins_on_it_says_so_once_waits_and_goes_on(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    with another_version() as restore:

        def sleep(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                restore()

        monkeypatch.setattr(beat, "time", SimpleNamespace(sleep=sleep))
        with caplog.at_level(logging.WARNING):
            begun = beat.ScheduleBeat(app=app)
    assert len(pauses) == 3
    (told,) = events(caplog)
    assert told.startswith(f"beat_cannot_use_database {SAID}")
    assert not begun.is_without_database


def test_beat_that_meets_it_while_it_runs_says_that_and_not_that_there_is_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    running = beat.ScheduleBeat(app=app)
    with another_version() as restore, caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert running.tick() == beat.LONGEST_SLEEP_SECONDS
        (told,) = events(caplog)
        assert told.startswith(f"beat_cannot_use_database {SAID}")
        restore()
        running.tick()
    assert not running.is_without_database


def test_a_worker_does_not_begin_on_it_and_says_why(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "celery", "--app", "mantik", "--quiet", "worker", "--concurrency", "1"]
    with another_version():
        # Its broker is not there. It must not come so far as to notice.
        done = subprocess.run(
            command,
            cwd=TOP,
            env={**os.environ, **environment_of(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == schema.EXIT_CODE
    assert "worker_cannot_use_database" in done.stderr
    assert SAID in done.stderr
    assert "Traceback" not in done.stderr


def test_a_change_that_beat_has_noted_but_could_not_read_is_read_at_the_next_tick(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running = beat.ScheduleBeat(app=app)
    task = PeriodicTask.objects.get(name="Sweep letters")
    assert task.name in running.schedule
    # It compares with when tasks were changed last.
    assert not running.schedule_changed()
    task.enabled = False
    task.save()

    def fail(_beat: beat.ScheduleBeat) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(beat.ScheduleBeat, "all_as_schedule", fail)
        assert running.tick() == beat.LONGEST_SLEEP_SECONDS
    running.tick()
    assert task.name not in running.schedule
