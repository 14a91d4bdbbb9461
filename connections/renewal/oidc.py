"""Fetches access tokens from a site's login service with a refresh token (OAuth 2, OpenID Connect discovery).

Raises only SiteError. Its sentences name the host of the login service, and never contain an answer or a token.
"""

from __future__ import annotations

import json
import os
import time
from base64 import b64encode
from dataclasses import dataclass, field
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

# Somebody may be waiting at a page, and a transport holds its sign-in meanwhile.
TIMEOUTS = Timeouts(connect=5, read=10, pool=5, answer=10)
_DISCOVERY_SECONDS = 3600.0
_DEFAULT_TOKEN_SECONDS = 60
_TRY_AGAIN = frozenset({408, 425, 429})
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


@dataclass(frozen=True)
class LoginService:
    """How Mantik is registered there. With `token_url`, no discovery document is fetched."""

    issuer: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class Granted:
    """An access token, valid for so many seconds from now.

    `refresh_token` is the next one if the service changes it at each use, else "". `refresh_seconds` is how long it is
    valid, None if the service does not say.
    """

    access_token: str = field(repr=False)
    seconds: int
    refresh_token: str = field(repr=False)
    refresh_seconds: int | None


@dataclass(frozen=True)
class _Endpoint:
    url: str
    takes_secret_in_form: bool


# By issuer, with the time until which it is believed. Not locked: threads that find none may all ask, which does no
# harm, while a lock would let one that does not answer hold up the others.
_endpoints: dict[str, tuple[float, _Endpoint]] = {}


def refresh(service: LoginService, refresh_token: str) -> Granted:
    """A new access token. The refresh token may be used up by that, so only one process may do it at a time."""
    endpoint = _endpoint(service)
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    headers = dict(_FORM)
    if not service.client_secret:
        form["client_id"] = service.client_id
    elif endpoint.takes_secret_in_form:
        form |= {"client_id": service.client_id, "client_secret": service.client_secret}
    else:
        pair = f"{quote(service.client_id, safe='')}:{quote(service.client_secret, safe='')}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    answer = _ask("POST", endpoint.url, headers, urlencode(form).encode())
    return _granted(answer, urlsplit(endpoint.url).netloc)


def _endpoint(service: LoginService) -> _Endpoint:
    if service.token_url:
        return _Endpoint(_checked(service.token_url), takes_secret_in_form=True)
    believed_until, endpoint = _endpoints.get(service.issuer, (0.0, None))
    if endpoint is None or believed_until < time.monotonic():
        endpoint = _discover(service.issuer)
        _endpoints[service.issuer] = time.monotonic() + _DISCOVERY_SECONDS, endpoint
    return endpoint


def _discover(issuer: str) -> _Endpoint:
    url = _checked(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    host = urlsplit(url).netloc
    answer = _ask("GET", url, {"Accept": "application/json"}, None)
    _check_available(answer, host)
    document = _object(answer)
    token_url = document.get("token_endpoint")
    # Asked first: an error page has no issuer either.
    if not isinstance(token_url, str):
        raise _misconfigured(host, "has no discovery document that names a token endpoint")
    if document.get("issuer") != issuer and document.get("issuer") != issuer.rstrip("/"):
        raise _misconfigured(host, "calls itself by another issuer than the one it is known by here")
    methods = document.get("token_endpoint_auth_methods_supported")
    return _Endpoint(_checked(token_url), not isinstance(methods, list) or "client_secret_post" in methods)


def _checked(url: str) -> str:
    """Raises SiteRefused for an address that would send tokens unencrypted."""
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
    """A forked process must not write on its parent's connections. A host that is slow takes up only its own."""
    return Pool(verify=tls_context(None), timeouts=TIMEOUTS)


def _check_available(answer: Answer, host: str) -> None:
    """Raises SiteUnavailable for an answer that another one may follow by itself."""
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
    if not isinstance(token, str):
        raise _misconfigured(host, "answers without an access token")
    return Granted(
        access_token=header_safe(token),
        seconds=_seconds(document.get("expires_in")) or _DEFAULT_TOKEN_SECONDS,
        refresh_token=str(document.get("refresh_token") or ""),
        refresh_seconds=_seconds(document.get("refresh_expires_in")),
    )


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
    """A positive number of seconds; Keycloak's 0 for a refresh token that does not end is None."""
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None
