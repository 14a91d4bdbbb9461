"""Stored secrets: encrypted with a ring of keys, and bound to the row and field they belong to.

A sealed value reads ``<key id>:<Fernet token>``. The key id tells which key of the ring made it, without trying all of
them, and lets a rotation find what is left to do. The token's plaintext names its owner, so that a ciphertext copied
into another row or column does not open there.
"""

import hashlib
import json
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SealBroken(Exception):
    """A stored secret does not open: the key is missing from the ring, or it belongs to another row."""


def seal(plaintext: str, *, owner: str) -> str:
    """Encrypt with the first key of the ring. `owner` names row and field, and is needed again to open."""
    keys = _ring()
    payload = json.dumps({"owner": owner, "value": plaintext}).encode()
    return f"{key_id(keys[0])}:{Fernet(keys[0]).encrypt(payload).decode()}"


def unseal(sealed: str, *, owner: str) -> str:
    """The plaintext of `seal`. Raises SealBroken, whose text never holds any part of the secret."""
    _, _, token = sealed.partition(":")
    try:
        payload = json.loads(MultiFernet([Fernet(key) for key in _ring()]).decrypt(token.encode()))
    except InvalidToken:
        raise SealBroken("A stored secret cannot be decrypted with the encryption keys in use.") from None
    if payload["owner"] != owner:
        raise SealBroken("A stored secret belongs to another row.")
    return str(payload["value"])


@lru_cache
def key_id(key: str) -> str:
    """Eight hexadecimal digits that name a key without giving it away."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


def _ring() -> list[str]:
    return list(settings.MANTIK_ENCRYPTION_KEYS)
