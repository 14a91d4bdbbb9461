"""Which runs use a connection, and what to do when it works again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse

from connections.logins.uses import Use, register_usage, register_waker
from connections.models import Connection
from runs.models import Run
from runs.states import AT_SITE, BEFORE_START


def uses(connection: Connection) -> Iterator[Use]:
    """The active runs of `connection`: without it, nobody could follow or cancel them."""
    for run in Run.objects.filter(connection=connection).active().select_related("project").order_by("-pk"):
        yield Use(
            f"the run {run.name} in {run.project.name}", reverse("runs:detail", args=[run.project.slug, run.uuid])
        )


def wake(connection: Connection, now: datetime) -> None:
    """Make runs that waited for the login due at once."""
    mine = Run.objects.filter(connection=connection)
    mine.filter(state__in=BEFORE_START, next_attempt_at__gt=now).update(next_attempt_at=now)
    mine.filter(state__in=AT_SITE, next_poll_at__gt=now).update(next_poll_at=now)


def register() -> None:
    register_usage("runs", uses)
    register_waker("runs", wake)
