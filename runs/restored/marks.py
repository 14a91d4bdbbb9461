"""Detects that the database was restored from a backup: it then lacks a mark of the time that the broker has.

Beat marks the time every minute, first in the database and then at the broker. So the broker never has a later mark
than the database, unless the database was restored. If it was, nothing is fired or submitted until
`manage.py after_restore` was run, which sets a new mark. A broker that is empty, or does not answer, stops nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from celery import current_app
from django.db.models import Q
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from mantik.lib.humanize import utc_minute
from runs.models import Installation, Restore

log = structlog.get_logger(__name__)

# How long `Watch` keeps the answer that all is well, and the answer that it is not.
GOOD_ANSWER_SECONDS = 60.0
BAD_ANSWER_SECONDS = 5.0
# How much older the database's mark may be. A database that is set to lose the last moments in a crash may lack a mark.
TOLERANCE = timedelta(seconds=90)
# A hash: kombu adds the broker's prefix to keys of HSET and HGET, which it does not do for every command. The fields
# are UUIDs of installations, as several may have the same prefix.
_KEY = "mantik.marks"
# The primary key of the only row of Installation.
_ONLY = 1


class BrokerSilent(Exception):
    """The broker does not answer, or is of a kind that keeps nothing."""


def installation() -> Installation:
    return Installation.objects.get_or_create(pk=_ONLY)[0]


def installation_tag() -> str:
    """The tag that all jobs of this installation carry at their sites, besides their own tags."""
    return f"mantik-at-{installation().uuid}"


def last_restore() -> Restore | None:
    return Restore.objects.order_by("at", "pk").last()


def set_mark(*, now: datetime) -> None:
    """Mark `now` in the database, and then at the broker. If the broker does not answer, it gets the next mark."""
    known = installation()
    # A mark never moves back, whatever the clock of this machine says.
    Installation.objects.filter(Q(marked_at=None) | Q(marked_at__lt=now), pk=_ONLY).update(marked_at=now)
    known.refresh_from_db()
    assert known.marked_at
    try:
        with _broker() as client:
            client.hset(_KEY, str(known.uuid), known.marked_at.isoformat())
    except BrokerSilent as error:
        log.info("mark_not_at_broker", reason=str(error))


def mark_at_broker(uuid: UUID) -> datetime | None:
    """The last mark that the broker has of the installation `uuid`; None if it has none. Raises BrokerSilent."""
    with _broker() as client:
        value = client.hget(_KEY, str(uuid))
    try:
        text = value.decode() if isinstance(value, bytes) else str(value or "")
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except ValueError:
        return None


def why_nothing_may_start(*, mark: datetime | None = None) -> str:
    """A sentence for operators while nothing may be started, because the database was restored; "" if it is not known.

    With `mark`, that time is marked in the database and at the broker, unless the broker is silent or there is a
    sentence. Raises DatabaseError.
    """
    known = installation()
    try:
        latest = mark_at_broker(known.uuid)
    except BrokerSilent:
        return ""
    if latest and (known.marked_at is None or latest - known.marked_at > TOLERANCE):
        return _sentence(known.marked_at, latest)
    if mark is not None:
        set_mark(now=mark)
    return ""


class Watch:
    """Calls `why_nothing_may_start` for a process that asks again and again, and keeps each answer for a while."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last, self._valid_until = "", 0.0

    def why_nothing_may_start(self, *, mark: datetime | None = None) -> str:
        """As the function, with an answer that may be a minute old. Raises DatabaseError."""
        if self._clock() >= self._valid_until:
            previous, self._last = self._last, why_nothing_may_start(mark=mark)
            self._valid_until = self._clock() + (BAD_ANSWER_SECONDS if self._last else GOOD_ANSWER_SECONDS)
            if self._last and not previous:
                log.error("database_was_restored", reason=self._last)
        return self._last

    def forget(self) -> None:
        self._last, self._valid_until = "", 0.0


# The one that this process asks.
watch = Watch()


def _sentence(marked_at: datetime | None, latest: datetime) -> str:
    backup = f"a backup of {utc_minute(marked_at)}" if marked_at else "a backup"
    return (
        f"This database seems to have been restored from {backup}: the broker has a mark of {utc_minute(latest)}. "
        "Nothing is started until somebody runs `manage.py after_restore`."
    )


@contextmanager
def _broker() -> Iterator[Any]:
    """A client of the broker. Raises BrokerSilent."""
    try:
        with current_app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=0)
            client = getattr(connection.default_channel, "client", None)
            if client is None:
                raise BrokerSilent("This broker keeps nothing.")
            yield client
    except (OperationalError, RedisError, OSError) as error:
        raise BrokerSilent(f"The broker does not answer ({type(error).__name__}).") from None
