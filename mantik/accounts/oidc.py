"""The OpenID provider for signing in. The settings import this, so it must not use Django."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

# Part of the address that the provider sends people back to, so it never changes.
PROVIDER_ID = "provider"


def provider_settings(
    *, issuer: str, name: str, client_id: str, client_secret: str, scopes: Sequence[str]
) -> dict[str, Any]:
    """The value of SOCIALACCOUNT_PROVIDERS; without an issuer there is no provider."""
    app = {
        "provider_id": PROVIDER_ID,
        "name": name,
        "client_id": client_id,
        "secret": client_secret,
        "settings": {"server_url": issuer, "scope": list(scopes), "oauth_pkce_enabled": True},
    }
    return {"openid_connect": {"APPS": [app] if issuer else []}}


def form_origins(issuer: str, further: Sequence[str]) -> list[str]:
    """The hosts to which the form of the sign-in page may lead, for the Content-Security-Policy."""
    parts = urlsplit(issuer)
    return [f"{parts.scheme}://{parts.netloc}", *further] if issuer else []
