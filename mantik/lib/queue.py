"""Handing work to Celery.

The database is the truth and a sweep finds whatever was not delivered, so a message is only a way to be
quick: it is sent after the commit, and a broker that does not answer is logged, never shown to a member.

A task is called by its name ("runs.tasks.submit_run"): tasks know the services that they call, so what services send
must not need the tasks to be imported, and a web process never has to hold them. What a message needs besides its name
is in the settings (`CELERY_TASK_ROUTES`); time limits are the worker's, who knows the task.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)

# A broker that hangs would cost every request its time-out. One of them finds out, the others need not wait.
PAUSE_SECONDS = 5.0


class _Broker:
    silent_until = 0.0


def send_on_commit(task: str, **arguments: Any) -> None:
    """Enqueue the task of that name with JSON-able keyword `arguments` once the current transaction is committed."""
    transaction.on_commit(lambda: send(task, **arguments))


def send(task: str, **arguments: Any) -> bool:
    """Enqueue `task` now. False if the broker did not take it; it is then left alone for PAUSE_SECONDS."""
    if time.monotonic() < _Broker.silent_until:
        return False
    try:
        current_app.send_task(task, kwargs=arguments)
    except (OperationalError, OSError) as error:
        _Broker.silent_until = time.monotonic() + PAUSE_SECONDS
        log.warning("task_not_sent", task=task, error=type(error).__name__)
        return False
    return True
