"""What the clock looks at: secrets that end soon, and logins that were refused and may work again."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse

from connections.logins.uses import uses_of
from connections.models import Connection
from connections.services.connections import test_connection
from mantik.notices.services import notify

WARNED_BEFORE = (timedelta(days=2), timedelta(days=14))
# A site that was ill for longer is tested by who comes back to it.
ASKED_AGAIN_FOR = timedelta(days=7)


def warn_of_ends(*, now: datetime) -> None:
    """Tell owners of secrets that end within two weeks, within two days, or have ended: each once.

    A token that is renewed in time is nobody's worry; one whose renewal fails is.
    """
    for connection in Connection.objects.ending_before(now + max(WARNED_BEFORE)).iterator(chunk_size=200):
        if connection.renew_at is None or connection.renewal_error or connection.has_ended(now):
            _warn(connection, now)


def _warn(connection: Connection, now: datetime) -> None:
    assert connection.expires_at is not None
    left = connection.expires_at - now
    stage = next((days for days in WARNED_BEFORE if left <= days), None)
    if stage is None:
        return
    stage_name = "ended" if left <= timedelta(0) else f"{stage.days} days"
    notify(
        user=connection.owner,
        text=_text(connection, has_ended=left <= timedelta(0)),
        url=f"{reverse('connections:list')}#connection-{connection.uuid}",
        key=f"connection-end:{connection.uuid}:{connection.expires_at:%Y%m%d%H%M}:{stage_name}",
    )


def _text(connection: Connection, *, has_ended: bool) -> str:
    what = f"The secret of your connection {connection.name} to {connection.provider}"
    failing = f" Mantik could not renew it: {connection.renewal_error}" if connection.renewal_error else ""
    if has_ended:
        return f"{what} has ended. Runs cannot use it until you replace the secret.{failing}"
    return f"{what} ends on {connection.expires_at:%d %B %Y}. Replace it before that.{failing}"


def ask_again(*, now: datetime, limit: int = 50) -> list[int]:
    """Ids of connections that are believed to be refused and that somebody waits for."""
    marked = Connection.objects.for_sites().filter(marked_bad_at__gt=now - ASKED_AGAIN_FOR)
    bad = marked.order_by("tested_at", "pk")[:limit]
    return [connection.pk for connection in bad if uses_of(connection)]


def test_again(*, connection_id: int, now: datetime) -> None:
    """A good answer makes everything that waits go on; another refusal changes nothing."""
    connection = Connection.objects.select_related("site", "owner").filter(pk=connection_id).first()
    if connection is not None and connection.marked_bad_at is not None:
        test_connection(connection=connection, now=now)
