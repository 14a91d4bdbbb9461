"""Who we are to a site. A transport asks its credential for a header whenever it has no session there."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_ssh_private_key
from pyunicore.credentials import Credential

from connections.unicore.errors import SiteRefused
from mantik.lib.sealing import SealBroken

# How long a signed token is valid. It reaches the site within seconds, but the site's clock may be a little ahead or
# behind.
SIGNED_SECONDS = 300
# A new one is signed when the last one has less time left than this.
_SIGNED_BEFORE_END = 60


class SiteCredential(Credential):  # type: ignore[misc]
    """What signs in at a site. It shows nothing of itself, and cannot be pickled into a message or a cache.

    Two are equal if they stand for the same login: if their `identity`, which is kept only as a digest, is the same.
    get_auth_header() may raise SiteError.
    """

    def __init__(self, identity: str) -> None:
        self._identity = hashlib.sha256(f"{type(self).__name__} {identity}".encode(errors="surrogatepass")).digest()

    def get_auth_header(self) -> str:
        raise NotImplementedError

    def when_refused(self, host: str) -> str:
        """What to say if the site at `host` does not accept this login."""
        return (
            f"{host} does not accept the login of this connection. If its secret has changed, replace it; if not, the "
            "login service of the site may be down."
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SiteCredential):
            return NotImplemented
        return hmac.compare_digest(self._identity, other._identity)

    def __hash__(self) -> int:
        return hash(self._identity)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Credentials stay in the process that opened them.")


class HeaderCredential(SiteCredential):
    """A header that never changes: a password, or a token of the site."""

    def __init__(self, header: str) -> None:
        super().__init__(header)
        self._header = header

    def get_auth_header(self) -> str:
        return self._header


class KeyCredential(SiteCredential):
    """Signs a short-lived token with an SSH key whenever the last one is about to end. Safe to share by threads.

    The site checks the signature with the public keys of `login_name` on the cluster. `private` is the key as OpenSSH
    keeps it in a file.
    """

    def __init__(self, login_name: str, private: str, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(f"{login_name} {private}")
        key = load_ssh_private_key(private.encode(), password=None)
        assert isinstance(key, Ed25519PrivateKey)
        self._login_name = login_name
        self._key = key
        self._clock = clock
        self._header, self._fresh_until = "", 0.0

    def get_auth_header(self) -> str:
        now = self._clock()
        if now >= self._fresh_until:
            # Two threads may both sign; either token is good.
            self._header, self._fresh_until = self._sign(int(now)), now + SIGNED_SECONDS - _SIGNED_BEFORE_END
        return self._header

    def when_refused(self, host: str) -> str:
        return (
            f"{host} does not accept the key of this connection. Check that its public key is in "
            f"~/.ssh/authorized_keys of {self._login_name} there. A site may take ten minutes to notice a new key; "
            "then press Test again."
        )

    def _sign(self, now: int) -> str:
        claims = {"sub": self._login_name, "iss": self._login_name, "iat": now, "exp": now + SIGNED_SECONDS}
        return f"Bearer {jwt.encode(claims, self._key, algorithm='EdDSA')}"


@dataclass(frozen=True)
class AccessToken:
    """An access token. From `fresh_until` on, by time.time(), another one is fetched."""

    value: str = field(repr=False)
    fresh_until: float


class FetchedCredential(SiteCredential):
    """Access tokens that come from `fetch`, each kept while it is fresh. Safe to share by threads.

    `fetch` may return a token that another process got. It raises SiteError.
    """

    def __init__(self, identity: str, fetch: Callable[[], AccessToken]) -> None:
        super().__init__(identity)
        self._fetch = fetch
        self._token: AccessToken | None = None
        self._fetching = threading.Lock()

    def get_auth_header(self) -> str:
        with self._fetching:
            if self._token is None or time.time() >= self._token.fresh_until:
                self._token = self._fetch()
            return f"Bearer {self._token.value}"


def no_credential() -> SiteCredential:
    """A credential that sends no login. A site answers such requests, too."""
    return HeaderCredential("")


def password_credential(login_name: str, password: str) -> SiteCredential:
    """A login name and password, in UTF-8: pyunicore's own credential accepts only ASCII.

    Raises SiteRefused for a login name that HTTP cannot carry.
    """
    check_login_name(login_name)
    token = b64encode(f"{login_name}:{password}".encode(errors="surrogatepass")).decode("ascii")
    return HeaderCredential(f"Basic {token}")


def token_credential(token: str) -> SiteCredential:
    """A token that the site has issued. Raises SiteRefused for what cannot be one."""
    return HeaderCredential(f"Bearer {header_safe(token)}")


def key_credential(login_name: str, private: str) -> SiteCredential:
    """An SSH key. Raises SiteRefused for a login name that no site has."""
    check_login_name(login_name)
    return KeyCredential(login_name, private)


def check_login_name(login_name: str) -> None:
    """Raises SiteRefused for a login name that no site has."""
    if not login_name or ":" in login_name or not login_name.isprintable():
        raise SiteRefused(
            "This login name cannot be used: it must not be empty or contain a colon or control characters. "
            "Add a new connection with the right login name.",
            code="refused.login_name",
        )


def secret_broken(error: SealBroken, *, remedy: str = "Replace the secret of") -> SiteRefused:
    """The error of a connection whose secret cannot be decrypted. No site is asked."""
    return SiteRefused(f"{error} {remedy} this connection.", code="refused.secret")


def header_safe(token: str) -> str:
    """`token`. Raises SiteRefused if it cannot be sent in a header."""
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise SiteRefused(
            "The token of this connection is not valid: it contains spaces or letters that no token has. "
            "Replace the secret of this connection.",
            code="refused.token",
        )
    return token
