"""Sends tasks to Celery.

The database is the source of truth, and a sweep finds whatever was not delivered, so a message only makes things
quicker. It is sent after the commit. A broker that does not answer is logged, never shown to a member.

A task is named ("runs.tasks.submit_next"), not imported: tasks import the services that they call, so services cannot
import tasks, and web processes never have to load them. What else a message needs is in the settings: its queue
(`CELERY_TASK_ROUTES`), and after how many seconds it is no longer worth a worker's time (`MESSAGE_EXPIRY`). Time limits
are set by the worker, which knows the task.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from mantik.lib import disk

log = structlog.get_logger(__name__)

# A broker that hangs would delay every request by its time-out. After one request has noticed, the others do not wait.
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
        current_app.send_task(task, kwargs=arguments, expires=settings.MESSAGE_EXPIRY[task])
    except (OperationalError, OSError) as error:
        _Broker.silent_until = time.monotonic() + PAUSE_SECONDS
        disk.watch.notice(error)
        log.warning("task_not_sent", task=task, error=type(error).__name__)
        return False
    disk.watch.forget(disk.Store.BROKER)
    return True
