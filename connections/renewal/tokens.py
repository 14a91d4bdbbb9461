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
from django.db.models import Q
from django.utils import timezone

from connections.logins.kinds import Kind
from connections.logins.login_health import note_refusal
from connections.models import Connection, Site
from connections.outages.breaker import site_is_silent
from connections.renewal import oidc
from connections.renewal.secret_leases import SecretLease, lease_secret
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
# When a renewal that failed is tried again: after a quarter of what is left of the token's life, within these bounds.
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
# A new token is only seconds old. If the date in it is further from our own clock than this, the site's clock is wrong.
SAME_CLOCK = timedelta(minutes=1)
# How long a process waits for the access token that another one is fetching.
TOKEN_WAIT_SECONDS = 30.0
# Asked for one after the other if the site refuses MANTIK_SITE_TOKEN_DAYS, as far as they are less: a site may issue no
# token that outlives its certificate.
_FEWER_DAYS = (7, 1)
_DAY_SECONDS = 24 * 60 * 60


# Access tokens of a login service


def access_token(connection_id: int) -> AccessToken:
    """An access token that is valid now, shared by all processes through the database. Raises SiteError.

    The first process that finds it expired fetches the next one; the others wait for that. Call it outside of
    transactions: a rollback cannot undo what the login service has changed.
    """
    was_connected = database.connection is not None
    try:
        return _access_token(connection_id, time.monotonic() + TOKEN_WAIT_SECONDS)
    except SealBroken as error:
        raise secret_broken(error) from None
    finally:
        if not was_connected:
            # The caller is a thread that does not use the database otherwise, and soon ends.
            database.close()


def _access_token(connection_id: int, deadline: float) -> AccessToken:
    while True:
        connection = Connection.objects.filter(pk=connection_id).first()
        if connection is None:
            raise SiteRefused("This connection was deleted.", code="refused.connection")
        if token := _kept_token(connection):
            return token
        lease = lease_secret(connection_id, now=timezone.now())
        if lease is not None:
            with lease.kept(timezone.now):
                return _fetch_under_lease(lease)
        if time.monotonic() > deadline:
            raise SiteUnavailable(
                "Mantik is already waiting for an access token of this connection, and tries again in a moment.",
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
        # As good as none. If the secret does not open either, fetching the next token raises that.
        return None


def _fetch_under_lease(lease: SecretLease) -> AccessToken:
    token = _kept_token(lease.connection)
    if token:
        # Another process fetched one just before this one took the lease.
        lease.end()
        return token
    try:
        return _fetch(lease)
    except SiteError as error:
        lease.end(renewal_error=error.message)
        raise


def _fetch(lease: SecretLease) -> AccessToken:
    """Exchange the refresh token for an access token, store both, and end the lease. Raises SiteError."""
    connection = lease.connection
    assert connection.site is not None
    try:
        granted = oidc.refresh(login_service(connection.site), lease.secret)
    except oidc.NoAccessToken as error:
        # This ends the lease, so what the callers store with `lease.end` for any SiteError changes no row any more: the
        # `renew_at` of the new refresh token stays.
        _keep(lease, error.granted, now=timezone.now(), renewal_error=error.message)
        raise
    now = timezone.now()
    ends = now + timedelta(seconds=granted.seconds)
    access = connection.sealed("access", granted.access_token)
    _keep(lease, granted, now=now, sealed_access=access, access_expires_at=ends, renewed_at=now, renewal_error="")
    return AccessToken(granted.access_token, (ends - FRESH).timestamp())


def _keep(lease: SecretLease, granted: oidc.Granted, *, now: datetime, **columns: Any) -> None:
    """Store the next refresh token and `columns`: the one that was sent may be used up."""
    columns |= _ends_in(granted.refresh_seconds, now)
    write_patiently(partial(lease.keep, secret=granted.refresh_token or lease.secret, **columns))


def _ends_in(seconds: int | None, now: datetime) -> dict[str, Any]:
    """The columns that say when a refresh token expires, and when it is used at the latest so that it does not."""
    if seconds is None:
        # What the service named earlier does not hold any more.
        return {"expires_at": None, "renew_at": None}
    return {"expires_at": now + timedelta(seconds=seconds), "renew_at": now + timedelta(seconds=seconds / 2)}


def login_service(site: Site) -> oidc.LoginService:
    """The login service of `site`. Raises SiteRefused if the site has none, or its client secret does not open."""
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
    """A token for the login that `client` signs in with, valid for as long as the site allows. Raises SiteError.

    See with `check_token` that it stands for somebody.
    """
    wanted = settings.MANTIK_SITE_TOKEN_DAYS
    *longer, shortest = [wanted, *(days for days in _FEWER_DAYS if days < wanted)]
    for days in longer:
        try:
            return client.issue_token(seconds=days * _DAY_SECONDS)
        except SiteRefused as error:
            if error.code != "refused.request" or "lifetime" not in (error.site_words or "").lower():
                raise
    return client.issue_token(seconds=shortest * _DAY_SECONDS)


def check_token(*, client: SiteClient, provider: str) -> None:
    """Raises SiteRefused if the token that `client` signs in with stands for nobody: some sites issue such tokens."""
    if client.access().role == "anonymous":
        raise SiteRefused(
            f"{provider} issued a token, but does not say for whom. Perhaps the site does not check passwords; choose "
            "another kind of connection.",
            code="refused.unmapped",
        )


def token_columns(issued: IssuedToken, now: datetime) -> dict[str, Any]:
    """When a token ends, by our clock, and when it is renewed: at half of its life."""
    ends = issued.expires_at
    if ends is not None and issued.issued_at is not None and abs(issued.issued_at - now) > SAME_CLOCK:
        # The site's clock is wrong, and so is the end that the token names. How long it is valid is right.
        ends += now - issued.issued_at
    return {"expires_at": ends, "renew_at": None if ends is None else now + (ends - now) / 2}


def renew(*, connection_id: int, clock: Clock) -> None:
    """Replace the token by the next one if that is due and no other process is doing so.

    A failure is stored for the card, and tried again as long as the token is valid and its login is not suspended.
    """
    now = clock()
    due = Connection.objects.due_for_renewal(now).filter(pk=connection_id)
    connection = due.first()
    if connection is None:
        return
    try:
        lease = lease_secret(connection_id, now=now)
    except SealBroken as error:
        # A secret that its owner has replaced meanwhile is not due.
        due.update(renewal_error=secret_broken(error).message, renew_at=_next_try(connection, now))
        return
    if lease is None:
        return
    with lease.kept(clock):
        try:
            _renew(lease, clock)
        except SiteError as error:
            log.warning("token_not_renewed", connection=str(lease.connection.uuid), code=error.code)
            lease.end(renewal_error=error.message, renew_at=_next_try(connection, now))
            note_refusal(lease.connection, error, now=now)


def _next_try(connection: Connection, now: datetime) -> datetime:
    assert connection.expires_at is not None, "what does not expire is not renewed"
    return now + min(LONGEST_PAUSE, max(SHORTEST_PAUSE, (connection.expires_at - now) / 4))


def _renew(lease: SecretLease, clock: Clock) -> None:
    connection = lease.connection
    assert connection.site is not None
    if connection.kind == Kind.UNICORE_OIDC:
        _fetch(lease)
        return
    site = connection.site
    client = make_client(site.base_url, token_credential(lease.secret), site.ca_bundle or None)
    issued = obtain_token(client=client)
    write_patiently(partial(_keep_issued, lease, issued, now=clock()))


@transaction.atomic
def _keep_issued(lease: SecretLease, issued: IssuedToken, *, now: datetime) -> None:
    columns = token_columns(issued, now)
    if lease.keep(secret=issued.value, renewed_at=now, renewal_error="", **columns):
        after = {"expires_at": columns["expires_at"]}
        record("connection.renewed", actor=None, target=lease.connection, after=after)


def due_for_renewal(*, now: datetime, limit: int) -> list[int]:
    """Ids of connections whose renewal is due, that no process is renewing, and whose site answers.

    Tokens of a login service are renewed there, whether or not the site answers.
    """
    can_be_asked = Q(kind=Kind.UNICORE_OIDC) | ~site_is_silent("site")
    due = Connection.objects.due_for_renewal(now).filter(can_be_asked)
    return list(due.values_list("pk", flat=True)[:limit])
