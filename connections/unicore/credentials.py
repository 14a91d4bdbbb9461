"""Who we are to a site."""

from __future__ import annotations

import hmac
from base64 import b64encode
from typing import NoReturn

from pyunicore.credentials import Credential

from connections.unicore.errors import SiteRefused


class PasswordCredential(Credential):  # type: ignore[misc]
    """User name and password, in UTF-8. Shows neither, and cannot be pickled into a message or a cache.

    pyunicore's own class takes ASCII only.
    """

    def __init__(self, header: str) -> None:
        self._header = header

    def get_auth_header(self) -> str:
        return self._header

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PasswordCredential):
            return NotImplemented
        return hmac.compare_digest(self._header, other._header)

    def __hash__(self) -> int:
        return hash(self._header)

    def __repr__(self) -> str:
        return "PasswordCredential(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Credentials stay in the process that opened them.")


def password_credential(login_name: str, password: str) -> PasswordCredential:
    """Raises SiteRefused for a login name that HTTP cannot carry."""
    if not login_name or ":" in login_name or not login_name.isprintable():
        raise SiteRefused(
            "This login name cannot be used: it must not be empty, nor hold a colon or control characters. "
            "Correct it in the connection.",
            code="refused.login_name",
        )
    token = b64encode(f"{login_name}:{password}".encode(errors="surrogatepass")).decode("ascii")
    return PasswordCredential(f"Basic {token}")
