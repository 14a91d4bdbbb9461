"""A restored database is noticed, because the broker has a mark of a later time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
import redis
from celery import Celery
from django.test import Client

from mantik.lib.service_urls import broker_options
from mantik.up.ports import LOOPBACK, free_port
from runs.models import Installation, Run
from runs.restored import marks
from runs.states import RunState
from runs.submission.submit import submit_run
from schedules.firing.beat import ScheduleBeat
from tests.support.factories import make_restore, make_run, make_schedule
from tests.support.redis import client_at, server_of_ones_own

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with server_of_ones_own(tmp_path_factory.mktemp("broker")) as url:
        yield url


@pytest.fixture
def broker(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    use(monkeypatch, server)
    marks.watch.forget()
    with client_at(server) as client:
        yield client
        client.flushall()
    marks.watch.forget()


def use(monkeypatch: pytest.MonkeyPatch, url: str, prefix: str = "") -> None:
    app = Celery(broker=url, set_as_current=False)
    app.conf.broker_transport_options = {**broker_options(prefix), "max_retries": 0}
    monkeypatch.setattr(marks, "current_app", app)


def go_back_to(moment: datetime) -> None:
    """What a restore makes of the row, whose id the backup has as well."""
    Installation.objects.update(marked_at=moment)


def test_all_is_well_before_the_first_mark_and_after_each(broker: redis.Redis) -> None:
    assert marks.why_nothing_may_start() == ""
    for minutes in range(3):
        assert marks.why_nothing_may_start(mark=NOW + timedelta(minutes=minutes)) == ""
    assert Installation.objects.get().marked_at == NOW + timedelta(minutes=2)
    assert marks.why_nothing_may_start() == ""


def test_a_database_that_has_gone_back_is_noticed_and_gets_no_mark_of_beat(broker: redis.Redis) -> None:
    marks.set_mark(now=LATER)
    go_back_to(NOW)
    sentence = (
        "This database seems to have been restored from a backup of 2027-03-01 08:00 UTC: the broker has a mark of "
        "2027-03-01 09:00 UTC. Nothing is started until somebody runs `manage.py after_restore`."
    )
    assert marks.why_nothing_may_start(mark=LATER + timedelta(hours=1)) == sentence
    assert Installation.objects.get().marked_at == NOW
    marks.set_mark(now=LATER + timedelta(hours=1))
    assert marks.why_nothing_may_start() == ""


def test_so_is_one_from_before_the_first_mark(broker: redis.Redis) -> None:
    marks.set_mark(now=LATER)
    Installation.objects.update(marked_at=None)
    assert marks.why_nothing_may_start().startswith(
        "This database seems to have been restored from a backup: the broker has a mark of 2027-03-01 09:00"
    )


def test_a_lost_mark_alone_is_no_restore(broker: redis.Redis) -> None:
    marks.set_mark(now=NOW + timedelta(minutes=1))
    go_back_to(NOW)
    assert marks.why_nothing_may_start() == ""


def test_a_clock_that_is_put_back_is_no_restore(broker: redis.Redis) -> None:
    marks.set_mark(now=LATER)
    assert marks.why_nothing_may_start(mark=NOW) == ""
    assert Installation.objects.get().marked_at == LATER


def test_a_broker_that_was_emptied_or_is_new_alarms_nobody(broker: redis.Redis) -> None:
    marks.set_mark(now=LATER)
    go_back_to(NOW)
    broker.flushall()
    assert marks.why_nothing_may_start(mark=LATER) == ""
    assert marks.mark_at_broker(Installation.objects.get().uuid) == LATER


def test_a_broker_that_is_away_alarms_nobody_and_the_database_gets_no_mark(
    broker: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a later look at the broker would no longer find out that the database was restored."""
    marks.set_mark(now=LATER)
    go_back_to(NOW)
    use(monkeypatch, f"redis://{LOOPBACK}:{free_port()}/0")
    assert marks.why_nothing_may_start(mark=LATER) == ""
    assert Installation.objects.get().marked_at == NOW


@pytest.mark.parametrize("prefix", ["", "other"])
def test_another_installation_at_the_same_broker_is_not_meant(
    broker: redis.Redis, server: str, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    marks.set_mark(now=LATER)
    Installation.objects.all().delete()
    use(monkeypatch, server, prefix)
    assert marks.why_nothing_may_start(mark=NOW) == ""
    found = cast("list[bytes | str]", broker.keys("*marks*"))
    keys = {key.decode() if isinstance(key, bytes) else key for key in found}
    assert keys == ({"mantik.marks", "other:mantik.marks"} if prefix else {"mantik.marks"})


def test_whoever_asks_again_and_again_keeps_a_good_answer_longer_than_a_bad_one(broker: redis.Redis) -> None:
    seconds = [1000.0]
    watch = marks.Watch(clock=lambda: seconds[0])
    assert watch.why_nothing_may_start() == ""
    marks.set_mark(now=LATER)
    go_back_to(NOW)
    assert watch.why_nothing_may_start() == ""
    seconds[0] += marks.GOOD_ANSWER_SECONDS
    assert watch.why_nothing_may_start()
    marks.set_mark(now=LATER)
    assert watch.why_nothing_may_start()
    seconds[0] += marks.BAD_ANSWER_SECONDS
    assert watch.why_nothing_may_start() == ""


@pytest.fixture
def restored(broker: redis.Redis) -> None:
    marks.set_mark(now=LATER)
    go_back_to(NOW)
    marks.watch.forget()


def test_no_run_is_submitted_from_a_restored_database(restored: None) -> None:
    run = make_run(RunState.PENDING, next_attempt_at=NOW)
    submit_run(run_id=run.pk, clock=lambda: LATER)
    assert (Run.objects.get(pk=run.pk).state, Run.objects.get(pk=run.pk).attempts) == (RunState.PENDING, 0)


def test_no_schedule_is_fired_from_a_restored_database(restored: None) -> None:
    schedule = make_schedule(now=NOW)
    beat: Any = object.__new__(ScheduleBeat)
    beat.clock, beat._marks = (lambda: LATER), marks.Watch()
    beat._fire()
    assert not schedule.slots.exists()


def test_a_web_server_is_not_ready_with_a_restored_database(restored: None, client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert json.loads(response.content)["restore"] == marks.why_nothing_may_start() != ""
    marks.set_mark(now=LATER)
    marks.watch.forget()
    assert json.loads(client.get("/readyz").content)["restore"] == "ok"


def test_the_last_restore_is_the_latest_that_was_seen_to() -> None:
    assert marks.last_restore() is None
    make_restore(backup_of=NOW, at=LATER + timedelta(days=1))
    make_restore(backup_of=NOW, at=LATER)
    last = marks.last_restore()
    assert last is not None
    assert last.at == LATER + timedelta(days=1)
