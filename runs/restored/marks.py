"""How a database that was restored from a backup is noticed: it has forgotten marks that the broker knows.

Beat marks the time every minute, first in the database and then at the broker. So the broker never has a later mark
than the database, unless the database has gone back. Then nothing is fired or submitted until `manage.py after_restore`
was run, which sets a mark of its own. A broker that is empty, or does not answer, knows nothing and holds up nothing.
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

from runs.models import Installation, Restore

log = structlog.get_logger(__name__)

EVERY_SECONDS = 60.0
AGAIN_SECONDS = 5.0
# A database that is set to lose the last moments in a crash may have lost a mark, and little else.
TOLERANCE = timedelta(seconds=90)
# Of both kinds of commands kombu prefixes the keys. The field is the installation's: others may have the same prefix.
_KEY = "mantik.marks"
_ONLY = 1


class BrokerSilent(Exception):
    """It does not answer, or is none that keeps anything."""


def installation() -> Installation:
    return Installation.objects.get_or_create(pk=_ONLY)[0]


def installation_tag() -> str:
    """What all jobs of this installation carry at their sites, besides their own tags."""
    return f"mantik-at-{installation().uuid}"


def last_restore() -> Restore | None:
    return Restore.objects.order_by("at", "pk").last()


def set_mark(*, now: datetime) -> None:
    """The database is as it should be at `now`. The broker learns of it after that; if not, it will of the next."""
    known = installation()
    # Never back, whatever the clock of this machine says.
    Installation.objects.filter(Q(marked_at=None) | Q(marked_at__lt=now), pk=_ONLY).update(marked_at=now)
    known.refresh_from_db()
    assert known.marked_at
    try:
        with _broker() as client:
            client.hset(_KEY, str(known.uuid), known.marked_at.isoformat())
    except BrokerSilent as error:
        log.info("mark_not_at_broker", reason=str(error))


def mark_at_broker(uuid: UUID) -> datetime | None:
    """The last mark that it was told of; None if it knows of none. Raises BrokerSilent."""
    with _broker() as client:
        value = client.hget(_KEY, str(uuid))
    try:
        text = value.decode() if isinstance(value, bytes) else str(value or "")
        return datetime.fromisoformat(text).astimezone(UTC) if text else None
    except ValueError:
        return None


def reminder(*, is_beat: bool = False, now: datetime | None = None) -> str:
    """What to tell operators if the database has gone back, and nothing may be started; "" if all is well.

    With `is_beat`, the database and the broker are marked with `now` if all is well. Raises DatabaseError.
    """
    known = installation()
    try:
        latest = mark_at_broker(known.uuid)
    except BrokerSilent:
        return ""
    if latest and (known.marked_at is None or latest - known.marked_at > TOLERANCE):
        return _sentence(known.marked_at, latest)
    if is_beat and now:
        set_mark(now=now)
    return ""


class Watch:
    """`reminder` for who asks again and again: an answer is kept for EVERY_SECONDS, or AGAIN_SECONDS if it is bad."""

    def __init__(self, *, is_beat: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._is_beat = is_beat
        self._clock = clock
        self._last, self._valid_until = "", 0.0

    def reminder(self, *, now: datetime | None = None) -> str:
        """Raises DatabaseError."""
        if self._clock() >= self._valid_until:
            before, self._last = self._last, reminder(is_beat=self._is_beat, now=now)
            self._valid_until = self._clock() + (AGAIN_SECONDS if self._last else EVERY_SECONDS)
            if self._last and not before:
                log.error("database_was_restored", reason=self._last)
        return self._last

    def forget(self) -> None:
        self._last, self._valid_until = "", 0.0


# Of this process.
watch = Watch()


def _sentence(marked_at: datetime | None, latest: datetime) -> str:
    backup = f"a backup of {_moment(marked_at)}" if marked_at else "a backup"
    return (
        f"These data look restored from {backup}: the broker knows of {_moment(latest)}. Nothing is started until "
        "somebody runs `manage.py after_restore`."
    )


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


@contextmanager
def _broker() -> Iterator[Any]:
    """A client of it. Raises BrokerSilent."""
    try:
        with current_app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=0)
            client = getattr(connection.default_channel, "client", None)
            if client is None:
                raise BrokerSilent("This broker keeps nothing.")
            yield client
    except (OperationalError, RedisError, OSError) as error:
        raise BrokerSilent(f"The broker does not answer ({type(error).__name__}).") from None
