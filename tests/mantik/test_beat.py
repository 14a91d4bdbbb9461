"""What beat starts. Each message is found again by a sweep, and expires when that sweep comes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from celery import Celery, current_app
from django.conf import settings

from mantik.beat import ASKED_BY_PAGES, FOUND_AGAIN_BY, beat_schedule
from mantik.lib import queue
from mantik.lib.clocks import APART
from tests.support.queues import QUEUES

TOP = Path(__file__).resolve().parents[2]
NOW = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
SENDERS = {"send", "send_on_commit"}


def sent_by_us() -> Iterator[str]:
    """The names of all tasks that the code sends."""
    for app in ("mantik", "connections", "projects", "runs", "schedules"):
        for file in (TOP / app).rglob("*.py"):
            yield from _sent_in(ast.parse(file.read_text()))


def _sent_in(module: ast.Module) -> Iterator[str]:
    constants: dict[str, object] = {}
    for assigned in module.body:
        if isinstance(assigned, ast.Assign) and isinstance(assigned.value, ast.Constant):
            for target in assigned.targets:
                if isinstance(target, ast.Name):
                    constants[target.id] = assigned.value.value
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SENDERS:
            name = node.args[0]
            if isinstance(name, ast.Constant):
                yield str(name.value)
            elif isinstance(name, ast.Name) and name.id in constants:
                yield str(constants[name.id])


def test_every_task_that_is_sent_expires() -> None:
    sent = set(sent_by_us())
    assert sent >= {"runs.tasks.submit_next", "projects.tasks.fetch_code_repository"}
    assert sent <= settings.MESSAGE_EXPIRY.keys()
    # Nothing is listed that is not sent.
    assert FOUND_AGAIN_BY.keys() <= sent


def test_a_message_lives_until_the_sweep_that_sends_it_again() -> None:
    periods = {entry["task"]: entry["schedule"].total_seconds() for entry in beat_schedule().values()}
    for task in settings.MESSAGE_EXPIRY.keys() - ASKED_BY_PAGES.keys():
        seconds = settings.MESSAGE_EXPIRY[task]
        assert seconds == periods[FOUND_AGAIN_BY.get(task, task)] + APART.total_seconds(), task


def test_every_task_exists_and_has_a_queue_that_workers_take() -> None:
    current_app.loader.import_default_modules()
    for task in settings.MESSAGE_EXPIRY:
        assert task in current_app.tasks, task
        chosen = current_app.amqp.router.route({}, task)["queue"].name
        assert chosen in QUEUES, task
    assert set(settings.CELERY_TASK_QUEUES) == set(QUEUES)


def test_what_is_sent_carries_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, object]] = []
    monkeypatch.setattr(Celery, "send_task", lambda _app, name, **options: sent.append({"name": name, **options}))
    queue.send("runs.tasks.follow_connection", connection_id=3)
    assert sent == [{"name": "runs.tasks.follow_connection", "kwargs": {"connection_id": 3}, "expires": 7}]


@pytest.mark.parametrize("task", settings.MESSAGE_EXPIRY)
def test_a_worker_whose_clock_is_ahead_takes_a_message_that_was_just_sent(task: str) -> None:
    """Celery writes into a message when it ends, by the clock of who sends it; a worker compares that with its own."""
    with Celery(set_as_current=False) as app:
        message = app.amqp.as_task_v2("id", task, expires=settings.MESSAGE_EXPIRY[task], now=NOW)
    assert datetime.fromisoformat(message.headers["expires"]) > NOW + APART


@pytest.mark.parametrize(
    "sweep", ["Sweep submissions", "Sweep models", "Sweep silent sites", "Sweep renewals of tokens", "Sweep jobs"]
)
def test_what_a_killed_worker_had_in_hand_is_found_soon_after_its_lease(sweep: str) -> None:
    assert beat_schedule()[sweep]["schedule"] <= timedelta(seconds=10)
