"""Fetches access tokens from a site's login service with a refresh token (OAuth 2, OpenID Connect discovery).

Raises only SiteError. The sentences name the host of the login service, and never contain an answer or a token.
"""

from __future__ import annotations

import json
import os
import time
from base64 import b64encode
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from connections.unicore.address import site_urls
from connections.unicore.credentials import header_safe
from connections.unicore.errors import SiteRefused, SiteUnavailable
from connections.unicore.explain import causes_of
from connections.unicore.pool import WIRE_ERRORS, Answer, Pool, Timeouts, tls_context
from connections.unicore.wording import clean, quoted, redact
from mantik.lib.outbound import AddressRefused

# Short: a page may be waiting, and so may every request over the same connection, which PooledTransport._sign_in holds
# back until there is a token.
TIMEOUTS = Timeouts(connect=5, read=10, pool=5, answer=10)
# How long what is known of a token endpoint is used before the service is asked for its discovery document again.
_DISCOVERY_SECONDS = 3600.0
# If the service does not say, which OAuth allows. Short, so that a dead token is not used for long; above tokens.FRESH,
# so that it is used at all.
_DEFAULT_TOKEN_SECONDS = 60
# Ten years. What a service says may be any number, also an infinite one, and dates end with the year 9999.
_MAX_SECONDS = 10 * 365 * 24 * 3600
_TRY_AGAIN = frozenset({408, 425, 429})
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


@dataclass(frozen=True)
class LoginService:
    """How Mantik is registered at a login service. With `token_url`, no discovery document is fetched."""

    issuer: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class Granted:
    """An access token, which is valid for `seconds` from now.

    `refresh_token` is the next one if the service changes it at each use, else "". `refresh_seconds` is how long the
    refresh token is valid, None if the service does not say.
    """

    access_token: str = field(repr=False)
    seconds: int
    refresh_token: str = field(repr=False)
    refresh_seconds: int | None


class NoAccessToken(SiteRefused):
    """The service accepted the refresh token, but its answer holds no access token that can be sent to a site.

    `granted` is the rest of the answer. The refresh token that was sent may be used up, so the next one is to be kept.
    """

    def __init__(self, refusal: SiteRefused, granted: Granted) -> None:
        super().__init__(refusal.message, code=refusal.code)
        self.granted = granted


@dataclass(frozen=True)
class _Endpoint:
    """A token endpoint. `takes_secret_in_form`: None if the service does not say how it takes the client secret."""

    url: str
    takes_secret_in_form: bool | None


# By token URL or issuer, with the time until which it is believed. Not locked: threads that find none may all ask,
# which does no harm, while a lock would let one that does not answer hold up the others.
_endpoints: dict[str, tuple[float, _Endpoint]] = {}


def refresh(service: LoginService, refresh_token: str) -> Granted:
    """Exchange `refresh_token` for an access token. Raises SiteError.

    The refresh token may be used up by that, so only one process may do it at a time, and has to keep the next one:
    NoAccessToken holds it, too.
    """
    endpoint = _endpoint(service)
    answer = _ask_for_token(service, endpoint, refresh_token)
    if endpoint.takes_secret_in_form is None and service.client_secret and _refuses_client(answer):
        # Once more in a header, which the standard requires every service to accept. The form comes first because
        # services disagree on how to decode special characters in the header. A service that refuses the client has not
        # looked at the refresh token, so the refresh token is not used up.
        endpoint = replace(endpoint, takes_secret_in_form=False)
        answer = _ask_for_token(service, endpoint, refresh_token)
        if answer.status_code == 200:
            _remember(service, endpoint)
    return _granted(answer, urlsplit(endpoint.url).netloc)


def _ask_for_token(service: LoginService, endpoint: _Endpoint, refresh_token: str) -> Answer:
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    headers = dict(_FORM)
    if not service.client_secret:
        form["client_id"] = service.client_id
    elif endpoint.takes_secret_in_form is False:
        pair = f"{quote(service.client_id, safe='')}:{quote(service.client_secret, safe='')}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    else:
        form |= {"client_id": service.client_id, "client_secret": service.client_secret}
    return _ask("POST", endpoint.url, headers, urlencode(form).encode())


def _refuses_client(answer: Answer) -> bool:
    """Whether the service does not accept Mantik as its client, and so has not looked at the refresh token."""
    error = _object(answer).get("error")
    return error == "invalid_client" or (answer.status_code == 401 and error is None)


def _endpoint(service: LoginService) -> _Endpoint:
    believed_until, endpoint = _endpoints.get(service.token_url or service.issuer, (0.0, None))
    if endpoint is None or believed_until < time.monotonic():
        endpoint = _Endpoint(_checked(service.token_url), None) if service.token_url else _discover(service.issuer)
        _remember(service, endpoint)
    return endpoint


def _remember(service: LoginService, endpoint: _Endpoint) -> None:
    _endpoints[service.token_url or service.issuer] = time.monotonic() + _DISCOVERY_SECONDS, endpoint


def _discover(issuer: str) -> _Endpoint:
    url = _checked(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    host = urlsplit(url).netloc
    answer = _ask("GET", url, {"Accept": "application/json"}, None)
    _check_available(answer, host)
    document = _object(answer)
    token_url = document.get("token_endpoint")
    # Checked before the issuer: an error page has neither, and "no discovery document" is the better message.
    if not isinstance(token_url, str):
        raise _misconfigured(host, "has no discovery document that names a token endpoint")
    if document.get("issuer") != issuer and document.get("issuer") != issuer.rstrip("/"):
        raise _misconfigured(host, "calls itself by another issuer than the one it is known by here")
    methods = document.get("token_endpoint_auth_methods_supported")
    return _Endpoint(_checked(token_url), "client_secret_post" in methods if isinstance(methods, list) else None)


def _checked(url: str) -> str:
    """`url`. Raises SiteRefused for an address that would send tokens unencrypted."""
    # The rules for a site's address are the ones we want: https (http only to this machine), no credentials, query or
    # fragment.
    try:
        site_urls(url)
    except SiteRefused:
        raise _misconfigured(
            clean(urlsplit(url).netloc, limit=200), "has an address that is not an https URL"
        ) from None
    return url


def _ask(method: str, url: str, headers: dict[str, str], content: bytes | None) -> Answer:
    host = urlsplit(url).netloc
    try:
        return _pool(os.getpid(), host).send(method, url, headers=headers, content=content)
    except WIRE_ERRORS as error:
        inside = next((cause for cause in causes_of(error) if isinstance(cause, AddressRefused)), None)
        if inside:
            raise SiteRefused(
                f"Mantik does not connect to the login service {host}: {inside}", code="refused.login_service"
            ) from None
        raise SiteUnavailable(
            f"The login service {host} does not answer, so there is no access token for the site.",
            code="unavailable.login_service",
        ) from None


@lru_cache(maxsize=32)
def _pool(_pid: int, _host: str) -> Pool:
    """The connections of this process to a host: a forked process must not write on those of its parent.

    Each host has a pool of its own, so that a slow one does not occupy the connections to another.
    """
    return Pool(verify=tls_context(None), timeouts=TIMEOUTS)


def _check_available(answer: Answer, host: str) -> None:
    """Raises SiteUnavailable for a temporary error.

    The same request may succeed later without anybody changing anything.
    """
    if answer.status_code >= 500 or answer.status_code in _TRY_AGAIN:
        raise SiteUnavailable(
            f"The login service {host} issues no access tokens at the moment.", code="unavailable.login_service"
        )


def _granted(answer: Answer, host: str) -> Granted:
    _check_available(answer, host)
    document = _object(answer)
    if answer.status_code != 200:
        raise _refusal(document, host)
    token = document.get("access_token")
    granted = Granted(
        access_token=token if isinstance(token, str) else "",
        seconds=_seconds(document.get("expires_in")) or _DEFAULT_TOKEN_SECONDS,
        refresh_token=str(document.get("refresh_token") or ""),
        refresh_seconds=_seconds(document.get("refresh_expires_in")),
    )
    if not granted.access_token:
        raise NoAccessToken(_misconfigured(host, "answers without an access token"), granted)
    try:
        header_safe(granted.access_token)
    except SiteRefused:
        # Not the fault of the member's secret, of which header_safe would speak.
        refusal = _misconfigured(host, "answers with an access token that cannot be sent")
        raise NoAccessToken(refusal, granted) from None
    return granted


def _refusal(document: dict[str, Any], host: str) -> SiteRefused:
    described = document.get("error_description")
    words = clean(redact(described), limit=300) if isinstance(described, str) else ""
    if document.get("error") in {"invalid_grant", "invalid_token"}:
        return SiteRefused(
            f"The login service {host} does not accept the refresh token of this connection. Replace the secret of "
            f"this connection with a new refresh token.{quoted(words)}",
            code="refused.credentials",
            site_words=words or None,
        )
    return _misconfigured(host, "does not accept Mantik as its client", words)


def _misconfigured(host: str, problem: str, words: str = "") -> SiteRefused:
    return SiteRefused(
        f"The login service {host} {problem}. An operator can correct the OIDC settings of this site.{quoted(words)}",
        code="refused.login_service",
        site_words=words or None,
    )


def _object(answer: Answer) -> dict[str, Any]:
    try:
        document = json.loads(answer.content)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _seconds(value: Any) -> int | None:
    """`value` as a number of seconds, at most ten years. None if it is not a positive number.

    Keycloak says 0 of a refresh token that does not expire.
    """
    # Also False for NaN.
    is_positive = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return int(min(value, _MAX_SECONDS)) if is_positive else None
