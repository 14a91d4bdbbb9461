"""The site's own key and certificate, with which it signs what it tells others."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

_VALIDITY = timedelta(days=3650)
_TOKEN_SECONDS = 300


class SiteKey:
    """`dn` is the site's name in its certificate, `expires` the certificate's last moment."""

    def __init__(self, key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self.certificate = certificate.public_bytes(serialization.Encoding.PEM)
        self.dn = certificate.subject.rfc4514_string()
        self.expires = certificate.not_valid_after_utc

    def delegation(self, owner: str) -> str:
        """A token with which the site acts for the owner of a job, signed as a UNICORE server does."""
        return self.sign({"sub": owner, "etd": "true"}, seconds=_TOKEN_SECONDS)

    def sign(self, claims: Mapping[str, Any], *, seconds: int) -> str:
        """A token of ours with `claims`, valid for this many `seconds`."""
        now = int(time.time())
        return jwt.encode({"iss": self.dn, **claims, "iat": now, "exp": now + seconds}, self._key, algorithm="RS256")

    def verified(self, token: str, *, leeway: int) -> dict[str, Any] | None:
        """The claims of a token of ours that has not ended; None for any other."""
        options: Any = {"require": ["exp", "sub"], "verify_aud": False}
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self._key.public_key(), ["RS256"], options, issuer=self.dn, leeway=leeway
            )
        except jwt.InvalidTokenError:
            return None
        return claims if claims.get("aud") in {None, self.dn} else None


def site_key(directory: Path) -> SiteKey:
    """The key kept in the directory, made if there is none."""
    path = directory / "site-key.pem"
    if not path.exists():
        _write(path, *_new())
    content = path.read_bytes()
    key = serialization.load_pem_private_key(content, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return SiteKey(key, x509.load_pem_x509_certificate(content))


def _new() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "EU"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Mantik"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Sandbox Site"),
        ]
    )
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(days=1),
        not_valid_after=now + _VALIDITY,
    )
    return key, builder.sign(key, hashes.SHA256())


def _write(path: Path, key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> None:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(private + certificate.public_bytes(serialization.Encoding.PEM))
    draft.replace(path)
