"""Making, testing and opening connections."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from connections.models import Connection, Site
from connections.sealing import SealBroken
from connections.unicore.client import SiteAccess, SiteClient
from connections.unicore.credentials import password_credential
from connections.unicore.errors import SiteError, SiteRefused
from connections.unicore.pool import Timeouts
from connections.unicore.sites import open_site
from mantik.accounts.models import User

# A member looks at the page meanwhile, and a thread of the web server does nothing else.
WHILE_SOMEBODY_WAITS = Timeouts(connect=5, read=15, pool=5, answer=20)


class NameTaken(Exception):
    """The owner already has a connection of that name."""


def add_connection(
    *,
    owner: User,
    kind: Connection.Kind,
    name: str,
    site: Site | None,
    login_name: str,
    secret: str,
    now: datetime,
) -> Connection:
    """Store credentials; the secret is sealed before it touches the database. Raises NameTaken."""
    connection = Connection(owner=owner, kind=kind, name=name, site=site, login_name=login_name, secret_set_at=now)
    connection.put_secret(secret)
    try:
        with transaction.atomic():
            connection.save()
    except IntegrityError:
        raise NameTaken from None
    return connection


def replace_secret(*, connection: Connection, secret: str, now: datetime) -> None:
    connection.put_secret(secret)
    connection.secret_set_at = now
    connection.test_outcome = Connection.TestOutcome.NOT_TESTED
    connection.test_message = ""
    connection.save(update_fields=["sealed_secret", "secret_set_at", "test_outcome", "test_message"])


def delete_connection(*, connection: Connection) -> None:
    connection.delete()


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
        credential=password_credential(connection.login_name, connection.reveal_secret()),
        ca_bundle=site.ca_bundle or None,
        timeouts=timeouts,
    )


def note_use(connection: Connection, *, now: datetime) -> None:
    """Credentials that nobody uses any more can be told from those that carry runs."""
    Connection.objects.filter(pk=connection.pk).update(last_used_at=now)


def test_connection(*, connection: Connection, now: datetime) -> SiteAccess | SiteError:
    """Ask the site who it takes us for, and keep the answer on the card."""
    answer = _ask_access(connection)
    connection.tested_at = now
    if isinstance(answer, SiteError):
        refused = isinstance(answer, SiteRefused)
        connection.test_outcome = Connection.TestOutcome.REFUSED if refused else Connection.TestOutcome.NO_ANSWER
        connection.test_message = answer.message
    else:
        connection.test_outcome = Connection.TestOutcome.WORKS
        connection.test_message = _describe(answer)
        connection.queue_limits = _queue_limits(connection)
    connection.save(update_fields=["tested_at", "test_outcome", "test_message", "queue_limits"])
    return answer


def _queue_limits(connection: Connection) -> dict[str, dict[str, Any]]:
    try:
        return open_connection(connection, timeouts=WHILE_SOMEBODY_WAITS).queue_limits()
    except SiteError:
        # They only make advice better; the login itself has just worked.
        return {}


def _ask_access(connection: Connection) -> SiteAccess | SiteError:
    try:
        access = open_connection(connection, timeouts=WHILE_SOMEBODY_WAITS).access()
    except SiteError as error:
        return error
    except SealBroken as error:
        return SiteRefused(f"{error} Replace the secret of this connection.", code="refused.secret")
    if access.role == "anonymous":
        return SiteRefused(
            f"{connection.provider} accepts the login {connection.login_name}, but gives it no role there. "
            "Ask the site to map your account for UNICORE.",
            code="refused.unmapped",
        )
    return access


def _describe(access: SiteAccess) -> str:
    parts = [f"Signed in as {access.login_name}", f"role {access.role}"]
    if access.queues:
        parts.append("queues " + ", ".join(access.queues))
    if not access.takes_jobs:
        parts.append(f"takes no jobs now: {access.message or 'no reason given'}")
    return "; ".join(parts) + "."
