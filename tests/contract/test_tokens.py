"""Tokens that a site issues, and tokens that its users sign with their SSH keys."""

from __future__ import annotations

import time
from typing import Any

import httpx
import jwt
import pytest

from connections.logins.ssh_keys import KeyPair, make_key_pair
from connections.unicore.credentials import KeyCredential
from tests.support.sites import RunningSite

TEXT = {"Accept": "text/plain"}
LIKE_OURS = {"renewable": "true", "limited": "true", "lifetime": "3600"}


def token(client: httpx.Client, site: RunningSite, bearer: str = "", **params: str) -> httpx.Response:
    headers = TEXT | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    return client.get(f"{site.base_url}/token", params=params, headers=headers)


def claims_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    claims: dict[str, Any] = jwt.decode(answer.text, options={"verify_signature": False})
    return claims


def who(client: httpx.Client, site: RunningSite, bearer: str) -> tuple[int, str]:
    answer = client.get(site.base_url, params={"fields": "client"}, headers={"Authorization": f"Bearer {bearer}"})
    return answer.status_code, answer.json()["client"]["dn"] if answer.content else ""


def test_a_token_stands_for_who_asked_for_it(demo: httpx.Client, anonymous: httpx.Client, site: RunningSite) -> None:
    answer = token(demo, site, **LIKE_OURS)
    claims = claims_of(answer)
    assert claims["exp"] - claims["iat"] == 3600
    assert (claims["sub"], claims["renewable"], claims["etd"]) == (site.users["demo"].dn, "true", "true")
    assert claims["aud"] == claims["iss"]
    assert who(anonymous, site, answer.text) == (200, site.users["demo"].dn)


def test_a_renewable_token_gets_the_next(demo: httpx.Client, anonymous: httpx.Client, site: RunningSite) -> None:
    first = token(demo, site, **LIKE_OURS).text
    second = token(anonymous, site, first, **LIKE_OURS | {"lifetime": "7200"})
    assert claims_of(second)["sub"] == site.users["demo"].dn
    assert who(anonymous, site, second.text) == (200, site.users["demo"].dn)


def test_another_token_does_not(demo: httpx.Client, anonymous: httpx.Client, site: RunningSite) -> None:
    first = token(demo, site, lifetime="3600").text
    refused = token(anonymous, site, first, **LIKE_OURS)
    assert (refused.status_code, "non-renewable token" in refused.json()["errorMessage"]) == (500, True)


def test_a_token_never_outlives_the_sites_certificate(demo: httpx.Client, site: RunningSite) -> None:
    refused = token(demo, site, **LIKE_OURS | {"lifetime": "99999999999"})
    words = "Requested token lifetime is longer than the remaining server certificate validity."
    assert (refused.status_code, refused.json()["errorMessage"]) == (400, words)


def test_anybody_gets_a_token_that_stands_for_nobody(anonymous: httpx.Client, site: RunningSite) -> None:
    claims = claims_of(token(anonymous, site, **LIKE_OURS))
    assert "ANONYMOUS" in claims["sub"]


def test_a_token_is_a_text(demo: httpx.Client, site: RunningSite) -> None:
    assert demo.get(f"{site.base_url}/token").status_code == 406
    assert demo.post(f"{site.base_url}/token", headers=TEXT).status_code == 405


@pytest.mark.parametrize("change", ["junk", "signature", "ended"])
def test_a_token_that_is_not_good_is_refused_without_a_word(
    demo: httpx.Client, anonymous: httpx.Client, site: RunningSite, change: str
) -> None:
    good = token(demo, site, **LIKE_OURS).text
    bad = {
        "junk": "junk",
        "signature": f"{good.rpartition('.')[0]}.{'A' * 342}",
        "ended": token(demo, site, **LIKE_OURS | {"lifetime": "-120"}).text,
    }[change]
    assert who(anonymous, site, bad) == (403, "")


# SSH keys


@pytest.fixture
def key(site: RunningSite) -> KeyPair:
    """Of the demo user, whose public line the site knows."""
    pair = make_key_pair(comment="a test")
    assert site.authorize_key
    site.authorize_key("demo", pair.public)
    return pair


def signed(key: KeyPair, login: str, *, at: float | None = None) -> str:
    clock = time.time() if at is None else at
    return KeyCredential(login, key.private, clock=lambda: clock).get_auth_header().removeprefix("Bearer ")


def test_a_key_that_the_site_knows_signs_in(anonymous: httpx.Client, site: RunningSite, key: KeyPair) -> None:
    assert who(anonymous, site, signed(key, "demo")) == (200, site.users["demo"].dn)


def test_a_key_gets_a_token_as_well(anonymous: httpx.Client, site: RunningSite, key: KeyPair) -> None:
    assert claims_of(token(anonymous, site, signed(key, "demo"), **LIKE_OURS))["sub"] == site.users["demo"].dn


def test_another_key_is_refused(anonymous: httpx.Client, site: RunningSite, key: KeyPair) -> None:
    assert who(anonymous, site, signed(make_key_pair(comment="other"), "demo")) == (403, "")


def test_a_key_is_good_for_one_login(anonymous: httpx.Client, site: RunningSite, key: KeyPair) -> None:
    assert who(anonymous, site, signed(key, "other")) == (403, "")


def test_what_was_signed_long_ago_is_refused(anonymous: httpx.Client, site: RunningSite, key: KeyPair) -> None:
    assert who(anonymous, site, signed(key, "demo", at=time.time() - 900)) == (403, "")
