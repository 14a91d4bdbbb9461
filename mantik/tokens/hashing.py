"""The keyed hash by which a token is recognised; the token itself is not stored.

A token reads ``mantik_<prefix>_<rest>``. The prefix is shown in lists and finds the row; the rest proves it. The
hash is keyed with the ring of encryption keys, so that a stolen database gives nothing to try guesses against.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from django.conf import settings

from mantik.lib.sealing import key_id

MARK = "mantik"
_PREFIX_BYTES = 5
_REST_BYTES = 32
_PURPOSE = b"mantik personal access token"


@dataclass(frozen=True)
class Hash:
    """`digest` is 64 hexadecimal digits, `key_id` names the key of the ring that it was made with."""

    key_id: str
    digest: str


def new_token() -> tuple[str, str]:
    """A new token and its prefix. Besides the prefix it has 256 random bits."""
    prefix = secrets.token_hex(_PREFIX_BYTES)
    return f"{MARK}_{prefix}_{secrets.token_urlsafe(_REST_BYTES)}", prefix


def prefix_of(token: str) -> str:
    """The prefix of a token; empty if `text` is not a token of Mantik."""
    mark, _, rest = token.partition("_")
    prefix, _, secret = rest.partition("_")
    return prefix if mark == MARK and len(prefix) == 2 * _PREFIX_BYTES and secret else ""


def hash_token(token: str) -> Hash:
    """The hash of a token, made with the first encryption key."""
    return _hash(token, settings.MANTIK_ENCRYPTION_KEYS[0])


def matches(token: str, stored: Hash) -> bool:
    """Whether the token has this hash, compared in constant time. False if the key that made it was removed."""
    keys = [key for key in settings.MANTIK_ENCRYPTION_KEYS if key_id(key) == stored.key_id]
    return bool(keys) and hmac.compare_digest(_hash(token, keys[0]).digest, stored.digest)


def _hash(token: str, key: str) -> Hash:
    derived = hmac.digest(key.encode(), _PURPOSE, "sha256")
    # What somebody else typed may hold any character.
    digest = hmac.new(derived, token.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    return Hash(key_id(key), digest)
