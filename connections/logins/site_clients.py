"""Makes the client of a stored connection, which this process keeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connections.logins.kinds import Kind
from connections.models import Connection
from connections.renewal import tokens
from connections.unicore.client import SiteClient
from connections.unicore.credentials import (
    FetchedCredential,
    SiteCredential,
    key_credential,
    password_credential,
    token_credential,
)
from connections.unicore.errors import SiteRefused, SiteUnavailable
from connections.unicore.pool import Timeouts
from connections.unicore.sites import open_site
from mantik.lib.patience import NoSeat, Seats

# Short, because a member is waiting for the page, and a thread of the web server with them.
WHILE_SOMEBODY_WAITS = Timeouts(connect=2, read=10, pool=2, answer=10)
SEATS = Seats(2)


@contextmanager
def while_somebody_waits() -> Iterator[None]:
    """Around requests to a site in a page. Raises SiteUnavailable if two wait already."""
    try:
        with SEATS.taken():
            yield
    except NoSeat:
        sentence = "Mantik is waiting for other sites at the moment. Try again in a few seconds."
        raise SiteUnavailable(sentence) from None


def open_connection(connection: Connection, *, timeouts: Timeouts | None = None) -> SiteClient:
    """This process's client for `connection`, with its pool and its security session.

    With `timeouts` other than those of the settings, it is another client, which is also kept. Raises SealBroken, and
    SiteRefused if the connection is not for a site.
    """
    site = connection.site
    if site is None:
        raise SiteRefused("This connection is for a git host, not for a site.", code="refused.kind")
    return open_site(
        key=str(connection.uuid) if timeouts is None else f"{connection.uuid} {timeouts}",
        base_url=site.base_url,
        credential=_credential(connection),
        ca_bundle=site.ca_bundle or None,
        timeouts=timeouts,
    )


def _credential(connection: Connection) -> SiteCredential:
    """The credential that `connection` signs in with. A client is kept as long as its credential stays equal.

    A new secret makes another credential; a refresh token that changes at each use does not. Raises SiteRefused and
    SealBroken.
    """
    match connection.kind:
        case Kind.UNICORE_KEY:
            return key_credential(connection.login_name, connection.reveal_secret())
        case Kind.UNICORE_TOKEN:
            return token_credential(connection.reveal_secret())
        case Kind.UNICORE_OIDC:
            identity = f"{connection.uuid} {connection.secret_set_at.isoformat()}"
            return FetchedCredential(identity, lambda: tokens.access_token(connection.pk))
        case Kind.UNICORE_PASSWORD:
            return password_credential(connection.login_name, connection.reveal_secret())
        case kind:
            raise AssertionError(f"nobody has said how to sign in with {kind}")
