"""The OpenID provider the other tests rely on behaves as one."""

from __future__ import annotations

import httpx
import pytest

from tests.support.oidc import OidcProvider


def test_it_says_where_everything_is(oidc_provider: OidcProvider) -> None:
    found = oidc_provider.discovery()
    assert found["issuer"] == oidc_provider.issuer
    assert {"token_endpoint", "userinfo_endpoint", "jwks_uri"} <= set(found)


def test_its_tokens_say_whose_they_are(oidc_provider: OidcProvider) -> None:
    tokens = oidc_provider.sign_in(oidc_provider.register(), "ada")
    with oidc_provider.http() as http:
        told = http.get("/me", headers={"Authorization": f"Bearer {tokens.access}"}).json()
    assert (told["sub"], told["email"], told["email_verified"]) == ("ada", "ada@example.org", True)


def test_a_refresh_token_works_once(oidc_provider: OidcProvider) -> None:
    client = oidc_provider.register()
    first = oidc_provider.sign_in(client, "ada")
    second = oidc_provider.refresh(client, first.refresh)
    assert second.refresh != first.refresh
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        oidc_provider.refresh(client, first.refresh)


def test_what_was_taken_back_is_no_good(oidc_provider: OidcProvider) -> None:
    client = oidc_provider.register()
    tokens = oidc_provider.sign_in(client, "demo")
    oidc_provider.revoke("demo")
    with oidc_provider.http() as http:
        assert http.get("/me", headers={"Authorization": f"Bearer {tokens.access}"}).status_code == 401
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        oidc_provider.refresh(client, tokens.refresh)
