"""Background work on connections. Each task takes an id and makes one service call."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_init
from django.utils import timezone

from connections.logins import expiry
from connections.mlflow import for_workers
from connections.models import Connection
from connections.outages import probe
from connections.renewal import tokens
from connections.services import connections
from mantik.lib.queue import send

# The next sweep finds the rest.
RENEWALS_PER_SWEEP = 200
TESTS_PER_SWEEP = 50


@worker_init.connect
def _load_mlflows_client(**_: Any) -> None:
    """Import MLflow's client before the worker forks its processes, so that they share it."""
    for_workers.load()


@shared_task(acks_late=True)
def renew_connection(*, connection_id: int, **_: Any) -> None:
    tokens.renew(connection_id=connection_id, clock=timezone.now)


@shared_task
def sweep_renewals(**_: Any) -> None:
    for connection_id in tokens.due_for_renewal(now=timezone.now(), limit=RENEWALS_PER_SWEEP):
        send("connections.tasks.renew_connection", connection_id=connection_id)


@shared_task
def sweep_ends(**_: Any) -> None:
    expiry.warn_of_ends(now=timezone.now())


@shared_task(acks_late=True, soft_time_limit=50, time_limit=60)
def test_connection(*, connection_id: int, **_: Any) -> None:
    connections.serve_test(connection_id=connection_id, clock=timezone.now)


@shared_task
def sweep_tests(**_: Any) -> None:
    for connection_id in Connection.objects.awaiting_test().values_list("pk", flat=True)[:TESTS_PER_SWEEP]:
        send("connections.tasks.test_connection", connection_id=connection_id)


@shared_task(acks_late=True)
def test_again(*, connection_id: int, **_: Any) -> None:
    expiry.test_again(connection_id=connection_id, now=timezone.now())


@shared_task
def sweep_refused(**_: Any) -> None:
    for connection_id in expiry.ask_again(now=timezone.now()):
        send("connections.tasks.test_again", connection_id=connection_id)


# The time limit also ends the wait for a site that sends its answer byte by byte. connections/outages/probe.py has it,
# too.
@shared_task(acks_late=True, soft_time_limit=90, time_limit=100)
def probe_sites(**_: Any) -> None:
    probe.probe_due(clock=timezone.now)


@shared_task
def sweep_outages(**_: Any) -> None:
    if probe.due_outages(now=timezone.now(), limit=1):
        send("connections.tasks.probe_sites")
