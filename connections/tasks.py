"""Background work on connections. Shells over services: ids in, one service call."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from connections.logins import expiry
from connections.renewal import tokens
from mantik.lib.queue import send

RENEWALS_PER_SWEEP = 200


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


@shared_task(acks_late=True)
def test_again(*, connection_id: int, **_: Any) -> None:
    expiry.test_again(connection_id=connection_id, now=timezone.now())


@shared_task
def sweep_refused(**_: Any) -> None:
    for connection_id in expiry.ask_again(now=timezone.now()):
        send("connections.tasks.test_again", connection_id=connection_id)
