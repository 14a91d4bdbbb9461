"""Who we are to a site: what a credential sends, and that it gives itself away nowhere else."""

from __future__ import annotations

import pickle
import time

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from connections.logins.ssh_keys import make_key_pair
from connections.unicore.client import SiteClient
from connections.unicore.credentials import (
    AccessToken,
    FetchedCredential,
    KeyCredential,
    SiteCredential,
    key_credential,
    password_credential,
    token_credential,
)
from connections.unicore.errors import SiteRefused, SiteUnavailable
from connections.unicore.sites import make_client
from connections.unicore.values import Budget
from mantik.demo.sandbox.http_server import Request, Response, json_response
from tests.connections.unicore.conftest import SESSION, FakeSite

PAIR = make_key_pair(comment="mantik")


def fetched(identity: str = "hunter2") -> FetchedCredential:
    return FetchedCredential(identity, lambda: AccessToken("hunter2", time.time() + 60))


def credentials() -> list[SiteCredential]:
    return [
        password_credential("ada", "hunter2"),
        token_credential("hunter2"),
        key_credential("ada", PAIR.private),
        fetched(),
    ]


def test_none_shows_itself_or_leaves_its_process() -> None:
    for credential in credentials():
        assert repr(credential) == f"{type(credential).__name__}(hidden)"
        with pytest.raises(TypeError, match="stay in the process"):
            pickle.dumps(credential)
    assert "hunter2" not in repr(AccessToken("hunter2", 0))


def test_each_is_equal_to_itself_and_to_no_other() -> None:
    first, second = credentials(), credentials()
    assert first == second
    assert len({*first, *second}) == len(first)
    assert key_credential("bo", PAIR.private) != first[2]
    assert fetched("other") != first[3]


def test_a_key_signs_a_short_token_and_the_next_before_it_ends() -> None:
    now = [1_000_000.0]
    credential = KeyCredential("ada", PAIR.private, clock=lambda: now[0])
    first = credential.get_auth_header()
    claims = jwt.decode(
        first.removeprefix("Bearer "),
        load_ssh_public_key(PAIR.public.encode()),  # type: ignore[arg-type]
        ["EdDSA"],
        {"verify_exp": False, "verify_iat": False},
    )
    assert claims == {"sub": "ada", "iss": "ada", "iat": 1_000_000, "exp": 1_000_300}
    now[0] += 239
    assert credential.get_auth_header() == first
    now[0] += 2
    assert credential.get_auth_header() != first


def test_an_access_token_is_fetched_when_the_last_one_is_over() -> None:
    given = iter([AccessToken("first", time.time() + 60), AccessToken("second", 0), AccessToken("third", 0)])
    credential = FetchedCredential("x", lambda: next(given))
    sent = [credential.get_auth_header() for _ in range(2)]
    credential._token = AccessToken("first", 0)
    sent += [credential.get_auth_header() for _ in range(2)]
    assert sent == ["Bearer first", "Bearer first", "Bearer second", "Bearer third"]


def test_with_a_session_nothing_is_fetched_or_sent(fake_site: FakeSite) -> None:
    fetches: list[int] = []

    def fetch() -> AccessToken:
        fetches.append(1)
        return AccessToken("access", 0)

    def answer(request: Request) -> Response:
        known = request.headers.get(SESSION.lower()) == "known"
        return json_response({"status": "QUEUED"}) if known else Response(200, b"{}", headers={SESSION: "known"})

    fake_site.answer = answer
    client = make_client(fake_site.base_url, FetchedCredential("x", fetch), None)
    # The first question signs in, and is answered with nonsense.
    with pytest.raises(SiteUnavailable):
        client.status(fake_site.job_url)
    for _ in range(3):
        client.status(fake_site.job_url)
    assert len(fetches) == 1
    assert [headers.get("authorization") for _, _, headers in fake_site.requests] == ["Bearer access", None, None, None]


def test_a_login_service_that_is_away_is_an_error_of_the_site(fake_site: FakeSite) -> None:
    def fetch() -> AccessToken:
        raise SiteUnavailable("Away.", code="unavailable.login_service")

    client = make_client(fake_site.base_url, FetchedCredential("x", fetch), None)
    [(_, error)] = client.statuses([fake_site.job_url])
    assert isinstance(error, SiteUnavailable)
    assert error.concerns_whole_site
    assert fake_site.requests == []


@pytest.mark.parametrize("token", ["", "two words", "two\nlines", "n\N{LATIN SMALL LETTER O WITH DIAERESIS}"])
def test_what_no_header_carries_is_no_token(token: str) -> None:
    with pytest.raises(SiteRefused, match="is not valid"):
        token_credential(token)


# What a site tells about a login


def offer_of(fake_site: FakeSite, client: SiteClient, **document: object) -> tuple[Budget, ...]:
    target = f"{fake_site.base_url}/sites/own"
    fake_site.answer = lambda request: json_response(document if request.path.endswith("/own") else {"sites": [target]})
    return client.offer().budgets


def test_what_is_left_to_compute_with(fake_site: FakeSite, client: SiteClient) -> None:
    told = {
        "sol": {"remaining": "124300", "units": "core-h", "rel": "62%"},
        "__CURRENT_PROJECT__": {"remaining": "5", "units": "core-h", "rel": "-1%"},
        "unknown": {"remaining": "-1", "units": "core-h", "rel": "-1%"},
        "odd": ["core-h"],
    }
    budgets = offer_of(fake_site, client, remainingComputeTime=told)
    assert budgets == (Budget("", 5, "core-h", None), Budget("sol", 124300, "core-h", 62))


def test_most_sites_do_not_tell(fake_site: FakeSite, client: SiteClient) -> None:
    assert offer_of(fake_site, client, remainingComputeTime={}) == ()
    assert offer_of(fake_site, client, remainingComputeTime=None) == ()


@pytest.mark.parametrize("content", [b"", b"<html>", b"a.b.c", b"\xff"])
def test_what_is_no_token_is_no_unicore_site(fake_site: FakeSite, client: SiteClient, content: bytes) -> None:
    fake_site.answer = lambda _: Response(200, content, "text/plain")
    with pytest.raises(SiteUnavailable, match="is not a UNICORE site"):
        client.issue_token(seconds=60)
