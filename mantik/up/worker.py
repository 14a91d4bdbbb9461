"""The worker and the clock."""

from __future__ import annotations

import os
import sys

from celery import Celery
from kombu.exceptions import OperationalError

from mantik.lib.service_urls import broker_options
from mantik.up.service_process import Service

QUEUES = ("default", "submit", "follow", "git")


def worker_service(*, broker_url: str, broker_prefix: str, processes: int) -> Service:
    # Two stacks on one broker still ask their own worker.
    name = f"up-{os.getpid()}@localhost"
    command = [
        *(sys.executable, "-m", "celery", "--app", "mantik", "--quiet", "worker"),
        *("--hostname", name, "--queues", ",".join(QUEUES)),
        # Processes, not threads: only they can be stopped at a task's time limit.
        *("--pool", "prefork", "--concurrency", str(processes)),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]
    return Service("worker", command, is_ready=lambda: takes_messages(broker_url, broker_prefix, name))


def beat_service() -> Service:
    # No schedule file and no pid file: the schedule is in the database, and the stack keeps out a second one.
    command = [sys.executable, "-m", "celery", "--app", "mantik", "--quiet", "beat", "--pidfile="]
    return Service("beat", command)


def takes_messages(broker_url: str, broker_prefix: str, name: str) -> bool:
    """Whether the worker called `name` answers at that broker."""
    options = broker_options(broker_prefix)
    with Celery(broker=broker_url, broker_transport_options=options, set_as_current=False) as app:
        try:
            return bool(app.control.ping(destination=[name], timeout=0.5))
        except (OperationalError, OSError):
            return False
