"""Access tokens that are fetched, and tokens that are renewed before they expire."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from connections.logins.kinds import Kind
from connections.logins.login_health import note_refusal
from connections.models import Connection, Site
from connections.outages.breaker import is_silent_site
from connections.renewal import oidc
from connections.renewal.turns import Turn, take_turn
from connections.unicore.client import SiteClient
from connections.unicore.credentials import AccessToken, secret_broken, token_credential
from connections.unicore.errors import SiteError, SiteRefused, SiteUnavailable
from connections.unicore.sites import make_client
from connections.unicore.values import IssuedToken
from mantik.audit.services import record
from mantik.lib.backoff import Clock
from mantik.lib.database_loss import write_patiently
from mantik.lib.sealing import SealBroken

log = structlog.get_logger(__name__)

# An access token with less time left is not used: the site has yet to check it.
FRESH = timedelta(seconds=20)
TRY_AGAIN = timedelta(hours=1)
# A token that a site has issued longer ago, or in the future, was issued just now, by a clock that is wrong.
SAME_CLOCK = timedelta(minutes=1)
LONGEST_WAIT_SECONDS = 30.0
# A site may refuse a token that outlives its certificate.
_SHORTER_DAYS = (7, 1)


# Access tokens of a login service


def access_token(connection_id: int) -> AccessToken:
    """An access token that is valid now, shared by all processes through the database. Raises SiteError.

    The first process that finds it expired fetches the next one; the others wait for that. Call it outside of
    transactions: a rollback cannot undo what the login service has changed.
    """
    was_connected = database.connection is not None
    try:
        return _access_token(connection_id, time.monotonic() + LONGEST_WAIT_SECONDS)
    except SealBroken as error:
        raise secret_broken(error) from None
    finally:
        if not was_connected:
            # Called in a thread that has nothing else to do with the database, and soon ends.
            database.close()


def _access_token(connection_id: int, deadline: float) -> AccessToken:
    while True:
        connection = Connection.objects.filter(pk=connection_id).first()
        if connection is None:
            raise SiteRefused("This connection was deleted.", code="refused.connection")
        if token := _kept_token(connection):
            return token
        turn = take_turn(connection_id, now=timezone.now())
        if turn is not None:
            with turn.kept(timezone.now):
                return _fetch_in_turn(turn)
        if time.monotonic() > deadline:
            raise SiteUnavailable(
                "Another worker is still waiting for an access token of this connection.",
                code="unavailable.login_service",
            )
        time.sleep(0.1)


def _kept_token(connection: Connection) -> AccessToken | None:
    ends = connection.access_expires_at
    if not connection.sealed_access or ends is None or ends - FRESH <= timezone.now():
        return None
    try:
        return AccessToken(connection.reveal_access(), (ends - FRESH).timestamp())
    except SealBroken:
        # As good as none. If the secret does not open either, that is said when the next one is fetched.
        return None


def _fetch_in_turn(turn: Turn) -> AccessToken:
    token = _kept_token(turn.connection)
    if token:
        # Somebody else had just fetched one.
        turn.end()
        return token
    try:
        return _fetch(turn)
    except SiteError as error:
        turn.end(renewal_error=error.message)
        raise


def _fetch(turn: Turn) -> AccessToken:
    connection = turn.connection
    assert connection.site is not None
    granted = oidc.refresh(login_service(connection.site), turn.secret)
    now = timezone.now()
    ends = now + timedelta(seconds=granted.seconds)
    keep = partial(
        turn.keep,
        secret=granted.refresh_token or turn.secret,
        sealed_access=connection.sealed("access", granted.access_token),
        access_expires_at=ends,
        renewed_at=now,
        renewal_error="",
        **_ends_in(granted.refresh_seconds, connection, now),
    )
    # The one before may be used up.
    write_patiently(keep)
    return AccessToken(granted.access_token, (ends - FRESH).timestamp())


def _ends_in(seconds: int | None, connection: Connection, now: datetime) -> dict[str, Any]:
    """A refresh token that expires when it is not used is used in time."""
    if seconds is None:
        # An end that its owner entered stays; one that the service has told before no longer holds.
        return {} if connection.renew_at is None else {"expires_at": None, "renew_at": None}
    return {"expires_at": now + timedelta(seconds=seconds), "renew_at": now + timedelta(seconds=seconds / 2)}


def login_service(site: Site) -> oidc.LoginService:
    """Raises SiteRefused for a site without one, or whose client secret does not open."""
    if not site.has_login_service:
        raise SiteRefused(
            f"{site.name} no longer has a login service in Mantik. An operator can enter its OIDC settings again.",
            code="refused.login_service",
        )
    try:
        secret = site.reveal_oidc_secret()
    except SealBroken as error:
        raise SiteRefused(
            f"{error} An operator can enter the OIDC client secret of this site again.", code="refused.login_service"
        ) from None
    return oidc.LoginService(site.oidc_issuer, site.oidc_token_url, site.oidc_client_id, secret)


# Tokens that a site issues


def obtain_token(*, client: SiteClient) -> IssuedToken:
    """A token for whoever `client` signs in as; one that stands for nobody is no use. Raises SiteError."""
    wanted = [settings.MANTIK_SITE_TOKEN_DAYS, *_SHORTER_DAYS]
    for place, days in enumerate(wanted, start=1):
        try:
            return client.issue_token(seconds=days * 86400)
        except SiteRefused as error:
            is_too_long = error.code == "refused.request" and "lifetime" in (error.site_words or "").lower()
            if not is_too_long or place == len(wanted):
                raise
    raise AssertionError("unreachable")


def check_token(*, client: SiteClient, provider: str) -> None:
    """Raises SiteRefused unless the site takes the token that `client` comes with for one of somebody."""
    if client.access().role == "anonymous":
        raise SiteRefused(
            f"{provider} issued a token, but does not say for whom. It may not check passwords; choose another kind "
            "of connection.",
            code="refused.unmapped",
        )


def token_columns(issued: IssuedToken, now: datetime) -> dict[str, Any]:
    """When a token ends, by our clock, and when it is renewed: at half of its life."""
    ends = issued.expires_at
    if ends is not None and issued.issued_at is not None and abs(issued.issued_at - now) > SAME_CLOCK:
        # The site's clock is wrong, and so is the end that it names; how long the token is valid is right.
        ends += now - issued.issued_at
    return {"expires_at": ends, "renew_at": None if ends is None else now + (ends - now) / 2}


def renew(*, connection_id: int, clock: Clock) -> None:
    """Replace the token by the next one if that is due and no other process is doing so. A failure is tried again."""
    now = clock()
    due = Connection.objects.due_for_renewal(now).filter(pk=connection_id)
    if not due.exists():
        return
    try:
        turn = take_turn(connection_id, now=now)
    except SealBroken as error:
        # A secret that its owner has replaced meanwhile is not due.
        due.update(renewal_error=secret_broken(error).message, renew_at=now + TRY_AGAIN)
        return
    if turn is None:
        return
    with turn.kept(clock):
        try:
            _renew(turn, clock)
        except SiteError as error:
            log.warning("token_not_renewed", connection=str(turn.connection.uuid), code=error.code)
            turn.end(renewal_error=error.message, renew_at=now + TRY_AGAIN)
            note_refusal(turn.connection, error, now=now)


def _renew(turn: Turn, clock: Clock) -> None:
    connection = turn.connection
    assert connection.site is not None
    if connection.kind == Kind.UNICORE_OIDC:
        _fetch(turn)
        return
    site = connection.site
    client = make_client(site.base_url, token_credential(turn.secret), site.ca_bundle or None)
    issued = obtain_token(client=client)
    write_patiently(partial(_keep_issued, turn, issued, now=clock()))


@transaction.atomic
def _keep_issued(turn: Turn, issued: IssuedToken, *, now: datetime) -> None:
    columns = token_columns(issued, now)
    if turn.keep(secret=issued.value, renewed_at=now, renewal_error="", **columns):
        after = {"expires_at": columns["expires_at"]}
        record("connection.renewed", actor=None, target=turn.connection, after=after)


def due_for_renewal(*, now: datetime, limit: int) -> list[int]:
    """Ids of connections whose renewal is due, that no process is renewing, and whose site answers."""
    due = Connection.objects.due_for_renewal(now).filter(~is_silent_site("site"))
    return list(due.values_list("pk", flat=True)[:limit])
