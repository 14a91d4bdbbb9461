"""Key pairs that Mantik makes: the public half is shown to be copied, the private half is sealed and never shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


@dataclass(frozen=True)
class KeyPair:
    """`private` is as OpenSSH keeps it in a file; `public` is one line, for authorized_keys or a git host."""

    private: str = field(repr=False)
    public: str


def make_key_pair(*, comment: str) -> KeyPair:
    """A new ed25519 pair. `comment` stands at the end of the public line and tells people whose key it is."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    words = "-".join("".join(letter if letter.isalnum() else " " for letter in comment).split())
    return KeyPair(private=private, public=f"{public} {words}".strip())
