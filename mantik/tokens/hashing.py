"""The keyed hash by which a token is recognised; the token itself is not stored.

The hash is keyed with the ring of encryption keys, so that a stolen database gives nothing to try guesses against.
`mantik/lib/token_form.py` says how a token reads.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from django.conf import settings

from mantik.lib.sealing import key_id
from mantik.lib.token_form import MARK, prefix_in, written

_REST_BYTES = 32


@dataclass(frozen=True)
class Hash:
    """`digest` is 64 hexadecimal digits, `key_id` names the key of the ring that it was made with."""

    key_id: str
    digest: str


@dataclass(frozen=True)
class TokenKind:
    """What distinguishes the tokens of one kind: how they begin, and what their hashes are for.

    With more bytes in the prefix, which has to be unique, more tokens can be stored.
    """

    mark: str
    purpose: bytes
    prefix_bytes: int

    def new(self) -> str:
        """A new token. Besides the prefix it has 256 random bits."""
        return self._written(secrets.token_bytes(self.prefix_bytes + _REST_BYTES))

    def derived(self, subject: bytes, *, key: str) -> str:
        """The token that belongs to `subject` by this key of the ring: always the same, and nobody without the key can
        tell it. `subject` must not be used for anything else of this kind."""
        value = hmac.digest(_key_for(self.purpose + b" itself", key), subject, "sha512")
        return self._written(value[: self.prefix_bytes + _REST_BYTES])

    def prefix_of(self, text: str) -> str:
        """The prefix of a token; "" if `text` is no token of this kind."""
        return prefix_in(text, mark=self.mark, digits=2 * self.prefix_bytes)

    def hash(self, token: str) -> Hash:
        """The hash of a token, made with the first encryption key."""
        return self._hash(token, settings.MANTIK_ENCRYPTION_KEYS[0])

    def matches(self, token: str, stored: Hash) -> bool:
        """Whether the token has this hash, compared in constant time. False if the key that made it was removed."""
        keys = [key for key in settings.MANTIK_ENCRYPTION_KEYS if key_id(key) == stored.key_id]
        return bool(keys) and hmac.compare_digest(self._hash(token, keys[0]).digest, stored.digest)

    def _hash(self, token: str, key: str) -> Hash:
        # What somebody else typed may hold any character.
        typed = token.encode("utf-8", "surrogatepass")
        return Hash(key_id(key), hmac.new(_key_for(self.purpose, key), typed, hashlib.sha256).hexdigest())

    def _written(self, value: bytes) -> str:
        rest = base64.urlsafe_b64encode(value[self.prefix_bytes :]).rstrip(b"=").decode()
        return written(self.mark, value[: self.prefix_bytes].hex(), rest)


def _key_for(purpose: bytes, key: str) -> bytes:
    return hmac.digest(key.encode(), purpose, "sha256")


PERSONAL = TokenKind(MARK, b"mantik personal access token", prefix_bytes=5)
