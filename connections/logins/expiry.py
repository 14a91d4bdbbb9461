"""Periodic checks: secrets that expire soon, and refused logins that may work again."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from django.urls import reverse

from connections.logins.uses import uses_of
from connections.models import Connection
from connections.outages.breaker import site_is_silent
from connections.services.connections import test_connection
from mantik.notices.services import notify

# How long before the end of a secret its owner gets a notice, the later notice first.
WARNED_BEFORE = (timedelta(days=2), timedelta(days=14))
# How long Mantik keeps testing a refused login. After that its owner has to.
ASKED_AGAIN_FOR = timedelta(days=7)


def warn_of_ends(*, now: datetime) -> None:
    """Notify owners whose secrets expire within two weeks, within two days, or have expired: once each.

    A token that Mantik renews in time is left out; one whose renewal fails is not.
    """
    for connection in Connection.objects.ending_before(now + max(WARNED_BEFORE)).iterator(chunk_size=200):
        if not connection.is_renewed(now):
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
    assert connection.expires_at is not None
    if connection.site_id:
        what = f"The secret of your connection {connection.name} to {connection.provider}"
        consequence = (
            "Until you replace it, due times of schedules that use it are refused, and runs wait if "
            f"{connection.provider} refuses the secret."
        )
    else:
        what = f"The access token of your connection {connection.name}"
        consequence = "Code cannot be fetched with it until you replace the token."
    failing = f" Mantik could not renew it: {connection.renewal_error}" if connection.renewal_error else ""
    if has_ended:
        return f"{what} has expired. {consequence}{failing}"
    # By the owner's clock: an end that they typed is the last moment of their day, in UTC perhaps one of the next.
    end = connection.expires_at.astimezone(connection.owner.zone)
    return f"{what} expires on {end.day} {end:%B %Y}. Replace it before then.{failing}"


def ask_again(*, now: datetime, limit: int = 50) -> list[int]:
    """Ids of connections to test: their login seems to be refused, their site answers, and something needs them."""
    marked = Connection.objects.for_sites().filter(~site_is_silent("site"), marked_bad_at__gt=now - ASKED_AGAIN_FOR)
    bad = marked.order_by("tested_at", "pk").iterator()
    # Those that nothing uses keep their place at the front, so they must not count.
    return list(islice((connection.pk for connection in bad if uses_of(connection)), limit))


def test_again(*, connection_id: int, now: datetime) -> None:
    """Test a refused login again. If it works, everything that waits for it continues; if not, nothing changes."""
    connection = Connection.objects.select_related("site", "owner").filter(pk=connection_id).first()
    if connection is not None and connection.marked_bad_at is not None:
        test_connection(connection=connection, now=now)
