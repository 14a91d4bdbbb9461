"""Bearer tokens: those that the site issues itself, and those that users sign with their SSH keys."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from mantik.demo.sandbox.keys import SiteKey
from mantik.demo.sandbox.users import ANONYMOUS, SiteUser

# How far clocks may differ, as in UNICORE.
_LEEWAY_SECONDS = 60


@dataclass(frozen=True)
class Bearer:
    """Who signs in, and by which method. `may_renew`: this login may be used to get a token of the site."""

    user: SiteUser
    method: str
    may_renew: bool = True


class Bearers:
    """`public_keys` holds a line `login:ssh-ed25519 ...` per key, and is read again each time."""

    def __init__(self, key: SiteKey, users: Iterable[SiteUser], public_keys: Path) -> None:
        self._key = key
        self._by_login = {user.login: user for user in users}
        self._by_dn = {user.dn: user for user in [*self._by_login.values(), ANONYMOUS]}
        self._public_keys = public_keys

    def authorize_key(self, login: str, public_line: str) -> None:
        """Add a public key, as a user does by putting a line into their authorized_keys on the cluster."""
        with self._public_keys.open("a") as file:
            file.write(f"{login}:{public_line.strip()}\n")

    def issue(self, user: SiteUser, *, seconds: int, renewable: bool, limited: bool) -> str:
        claims: dict[str, Any] = {"sub": user.dn, "etd": "true"}
        if renewable:
            claims["renewable"] = "true"
        if limited:
            claims["aud"] = self._key.dn
        return self._key.sign(claims, seconds=seconds)

    def who(self, token: str) -> Bearer | None:
        """The owner of a valid token; None for any other."""
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            return None
        if claims.get("etd") == "true":
            return self._issued(token)
        return self._signed(token, str(claims.get("sub", "")))

    def _issued(self, token: str) -> Bearer | None:
        claims = self._key.verified(token, leeway=_LEEWAY_SECONDS) or {}
        user = self._by_dn.get(str(claims.get("sub")))
        return Bearer(user, "ETD", claims.get("renewable") == "true") if user else None

    def _signed(self, token: str, login: str) -> Bearer | None:
        user = self._by_login.get(login)
        if user is None or not self._public_keys.exists():
            return None
        for line in self._public_keys.read_text().splitlines():
            name, _, public = line.partition(":")
            if name == login and _is_signed_with(token, public, login):
                return Bearer(user, "SSHKEY")
        return None


def _is_signed_with(token: str, public: str, login: str) -> bool:
    options: Any = {"require": ["exp", "sub", "iss"]}
    try:
        key: Any = load_ssh_public_key(public.encode())
        jwt.decode(token, key, ["EdDSA", "RS256", "ES256"], options, issuer=login, leeway=_LEEWAY_SECONDS)
    except (jwt.InvalidTokenError, ValueError, TypeError):
        return False
    return True


def wanted_lifetime(text: str | None, *, most: float) -> int:
    """Seconds. Raises ValueError with the words of a UNICORE server; TooLong for more than `most`."""
    if text is None:
        return 300
    try:
        seconds = int(text)
    except ValueError:
        raise ValueError(f'java.lang.NumberFormatException: For input string: "{text}"') from None
    if seconds > most - time.time():
        raise TooLong
    return seconds


class TooLong(Exception):
    """The token would outlive the site's certificate."""
