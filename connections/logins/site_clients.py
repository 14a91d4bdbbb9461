"""From a stored connection to the client that this process keeps for it."""

from __future__ import annotations

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
from connections.unicore.errors import SiteRefused
from connections.unicore.pool import Timeouts
from connections.unicore.sites import open_site

# A member looks at the page meanwhile, and a thread of the web server does nothing else.
WHILE_SOMEBODY_WAITS = Timeouts(connect=5, read=15, pool=5, answer=20)


def open_connection(connection: Connection, *, timeouts: Timeouts | None = None) -> SiteClient:
    """The process's one client for `connection`, with its pool and its security session.

    `timeouts` are those of the settings, or make a client that is used with these only. Raises SiteRefused for a
    connection that leads to no site. SealBroken is ours and not caught.
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
    """Another one as soon as the secret is another. That a login service changes its token at each use is not that."""
    match connection.kind:
        case Kind.UNICORE_KEY:
            return key_credential(connection.login_name, connection.reveal_secret())
        case Kind.UNICORE_TOKEN:
            return token_credential(connection.reveal_secret())
        case Kind.UNICORE_OIDC:
            identity = f"{connection.uuid} {connection.secret_set_at.isoformat()}"
            return FetchedCredential(identity, lambda: tokens.access_token(connection.pk))
        case _:
            return password_credential(connection.login_name, connection.reveal_secret())
