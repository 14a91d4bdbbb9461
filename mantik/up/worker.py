"""The workers and beat."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence

from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from mantik.lib.service_urls import broker_options
from mantik.up.service_process import Service
from mantik.up.worker_groups import WorkerGroup

# Few processes, because each takes 40 MB. The first group needs more than MANTIK_SITE_PROCESSES (mantik/settings.py):
# that many may wait for one site that does not answer.
GROUPS = (
    WorkerGroup("sites", ("submit", "follow"), 3),
    WorkerGroup("git", ("git",), 1),
    WorkerGroup("rest", ("default", "mlflow"), 1),
)


def worker_service(*, broker_url: str, broker_prefix: str, groups: Sequence[WorkerGroup] = GROUPS) -> Service:
    # A name of its own, so that two stacks on one broker ask only their own workers.
    node = f"up-{os.getpid()}@localhost"
    command = [sys.executable, "-m", "mantik.up.worker_groups", node, *map(str, groups)]
    nodes = {group.node(node) for group in groups}
    return Service("worker", command, is_ready=lambda: _have_all_answered(broker_url, broker_prefix, nodes))


def beat_service() -> Service:
    # No schedule file and no pid file: the schedule is in the database, and the stack keeps out a second one.
    command = [sys.executable, "-m", "celery", "--app", "mantik", "--quiet", "beat", "--pidfile="]
    # The process that starts beat has made Django's checks, which take 8 MB that are not given back.
    return Service("beat", command, environment={"CELERY_SKIP_CHECKS": "1"})


def _have_all_answered(broker_url: str, broker_prefix: str, silent: set[str]) -> bool:
    """Ask the `silent` workers, and take those that answer off the set: on a busy machine not all answer at once."""
    silent -= answering(broker_url, broker_prefix, silent)
    return not silent


def answering(broker_url: str, broker_prefix: str, nodes: Collection[str]) -> set[str]:
    """The names of those of these workers that answer over this broker."""
    options = broker_options(broker_prefix)
    with Celery(broker=broker_url, broker_transport_options=options, set_as_current=False) as app:
        try:
            answers = app.control.ping(destination=list(nodes), timeout=0.5)
        except (OperationalError, RedisError, OSError):
            return set()
        return {name for answer in answers or () for name in answer}
