"""What login services answer that no well-behaved one can be made to: a service that answers what a test wants."""

from __future__ import annotations

import json
import math
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
from pytest_django.fixtures import Settings

from connections.logins.kinds import Kind
from connections.models import Connection
from connections.renewal import oidc, tokens
from connections.unicore.errors import SiteError, SiteRefused, SiteUnavailable
from connections.unicore.pool import CONNECTIONS
from mantik.accounts.models import User
from mantik.demo.sandbox.http_server import HttpServer, Request, Response, json_response
from mantik.lib.networks import parse_allowed
from tests.support.factories import make_connection, make_site
from tests.support.waiting import wait_until

GIVEN = {"access_token": "access", "expires_in": 300}
SECRET = "client+secret/%"
WAIT_SECONDS = 10
TEN_YEARS = 10 * 365 * 24 * 3600


@dataclass
class Provider:
    """`document` is its discovery document, sent with `status`, `answer` what the token endpoint says; `asked` what
    came there.
    """

    document: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    answer: Callable[[], Response] = lambda: json_response(GIVEN)
    asked: list[tuple[dict[str, str], dict[str, list[str]]]] = field(default_factory=list)
    discoveries: int = 0
    issuer: str = ""
    may_answer: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()

    def __call__(self, request: Request) -> Response:
        if request.path.endswith("/.well-known/openid-configuration"):
            self.discoveries += 1
            self.may_answer.wait(WAIT_SECONDS)
            return Response(self.status, json.dumps(self.document).encode(), "application/json")
        self.asked.append((dict(request.headers), parse_qs(request.body.content().decode())))
        return self.answer()


@contextmanager
def running_provider() -> Iterator[Provider]:
    provider = Provider()
    server = HttpServer(provider)
    provider.issuer = f"http://127.0.0.1:{server.port}/realm"
    provider.document = {"issuer": provider.issuer, "token_endpoint": f"{provider.issuer}/token"}
    server.start()
    yield provider
    server.stop()


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def other_provider() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


def refresh(provider: Provider, *, secret: str = SECRET) -> oidc.Granted:
    return oidc.refresh(oidc.LoginService(provider.issuer, "", "mantik", secret), "refresh")


def failure(provider: Provider, status: int, **document: Any) -> SiteError:
    provider.answer = lambda: Response(status, json.dumps(document).encode(), "application/json")
    with pytest.raises(SiteError) as caught:
        refresh(provider)
    assert SECRET not in caught.value.message
    return caught.value


def test_the_client_secret_travels_as_the_service_wants_it(provider: Provider) -> None:
    refresh(provider)
    headers, form = provider.asked[-1]
    assert form["client_secret"] == [SECRET]
    assert "authorization" not in headers


def test_it_travels_in_a_header_where_the_form_is_not_taken(provider: Provider) -> None:
    provider.document["token_endpoint_auth_methods_supported"] = ["client_secret_basic"]
    refresh(provider)
    headers, form = provider.asked[-1]
    assert b64decode(headers["authorization"].removeprefix("Basic ")) == b"mantik:client%2Bsecret%2F%25"
    assert form == {"grant_type": ["refresh_token"], "refresh_token": ["refresh"]}


def refuses_the_form(provider: Provider, refusal: Response) -> None:
    """Let `provider` take the client secret in a header only, and answer anything else with `refusal`."""
    provider.answer = lambda: json_response(GIVEN) if "authorization" in provider.asked[-1][0] else refusal


@pytest.mark.parametrize(
    "refusal",
    [
        json_response({"error": "invalid_client"}, status=401),
        json_response({"error": "invalid_client"}, status=400),
        Response(401, b"", "text/plain"),
    ],
)
@pytest.mark.parametrize("has_issuer", [True, False])
def test_it_travels_in_a_header_where_a_service_that_named_no_way_refuses_the_form(
    provider: Provider, refusal: Response, has_issuer: bool
) -> None:
    refuses_the_form(provider, refusal)
    issuer, token_url = (provider.issuer, "") if has_issuer else ("", f"{provider.issuer}/token")
    service = oidc.LoginService(issuer, token_url, "mantik", SECRET)
    assert oidc.refresh(service, "refresh").access_token == "access"
    ways = ["header" if "authorization" in headers else "form" for headers, _ in provider.asked]
    assert ways == ["form", "header"]
    assert [form["refresh_token"] for _, form in provider.asked] == [["refresh"], ["refresh"]]
    # From then on the form is left out.
    oidc.refresh(service, "refresh")
    assert len(provider.asked) == 3


@pytest.mark.parametrize("listed", [["client_secret_post"], ["client_secret_basic"]])
def test_a_service_that_named_the_way_is_asked_once(provider: Provider, listed: list[str]) -> None:
    provider.document["token_endpoint_auth_methods_supported"] = listed
    assert failure(provider, 401, error="invalid_client").code == "refused.login_service"
    assert len(provider.asked) == 1


@pytest.mark.parametrize(("status", "name"), [(400, "invalid_grant"), (401, "invalid_grant"), (401, "invalid_token")])
def test_a_refresh_token_that_was_refused_is_not_sent_again(provider: Provider, status: int, name: str) -> None:
    assert failure(provider, status, error=name).code == "refused.credentials"
    assert len(provider.asked) == 1


def test_a_public_client_has_none(provider: Provider) -> None:
    refresh(provider, secret="")
    headers, form = provider.asked[-1]
    assert "authorization" not in headers
    assert (form["client_id"], "client_secret" in form) == (["mantik"], False)


def test_the_discovery_document_is_asked_for_once(provider: Provider) -> None:
    for _ in range(3):
        refresh(provider)
    assert (provider.discoveries, len(provider.asked)) == (1, 3)


def test_a_service_that_is_slow_holds_up_no_other(provider: Provider, other_provider: Provider) -> None:
    # So that the threads find a pool and share its connections.
    oidc.refresh(oidc.LoginService("", f"{provider.issuer}/token", "mantik", SECRET), "refresh")
    provider.may_answer.clear()
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        slow = [threads.submit(refresh, provider) for _ in range(CONNECTIONS)]
        try:
            wait_until(lambda: provider.discoveries == CONNECTIONS)
            assert refresh(other_provider).access_token == "access"
            assert not any(waiting.done() for waiting in slow)
        finally:
            provider.may_answer.set()
        assert [waiting.result().access_token for waiting in slow] == ["access"] * CONNECTIONS


def test_a_service_that_calls_itself_otherwise_gets_no_token(provider: Provider) -> None:
    provider.document["issuer"] = "https://other.example.org"
    with pytest.raises(SiteRefused, match="calls itself by another issuer"):
        refresh(provider)
    assert provider.asked == []


def test_a_token_endpoint_without_encryption_gets_no_token(provider: Provider) -> None:
    provider.document["token_endpoint"] = "http://login.example.org/token"
    with pytest.raises(SiteRefused, match="has an address that is not an https URL"):
        refresh(provider)


def test_an_address_inside_the_network_is_not_connected_to(provider: Provider, settings: Settings) -> None:
    settings.MANTIK_OUTBOUND_ALLOWED = parse_allowed([])
    with pytest.raises(SiteRefused, match="MANTIK_OUTBOUND_ALLOWED"):
        refresh(provider)
    assert provider.discoveries == 0


@pytest.mark.parametrize(
    ("given", "seconds", "refresh_seconds"),
    [
        ({"expires_in": 300}, 300, None),
        ({}, 60, None),
        ({"expires_in": "soon"}, 60, None),
        ({"expires_in": 60, "refresh_expires_in": 1800}, 60, 1800),
        ({"expires_in": 60, "refresh_expires_in": 0}, 60, None),
        ({"expires_in": -5, "refresh_expires_in": -1}, 60, None),
        ({"expires_in": True, "refresh_expires_in": True}, 60, None),
        ({"expires_in": math.nan, "refresh_expires_in": math.nan}, 60, None),
        ({"expires_in": math.inf, "refresh_expires_in": math.inf}, TEN_YEARS, TEN_YEARS),
        ({"expires_in": 10**400, "refresh_expires_in": 1e300}, TEN_YEARS, TEN_YEARS),
    ],
)
def test_how_long_things_are_good(
    provider: Provider, given: dict[str, Any], seconds: int, refresh_seconds: int | None
) -> None:
    provider.answer = lambda: json_response({"access_token": "access", **given})
    granted = refresh(provider)
    assert (granted.seconds, granted.refresh_seconds, granted.refresh_token) == (seconds, refresh_seconds, "")


def test_a_refresh_token_that_is_over_is_for_its_owner(provider: Provider) -> None:
    error = failure(provider, 400, error="invalid_grant", error_description="Token is not active")
    assert error.code == "refused.credentials"
    assert error.message.endswith("It says: Token is not active.")


@pytest.mark.parametrize(("status", "name"), [(401, "invalid_client"), (400, "unauthorized_client"), (404, "")])
def test_a_wrong_client_is_for_an_operator(provider: Provider, status: int, name: str) -> None:
    assert failure(provider, status, error=name).code == "refused.login_service"


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_a_service_in_trouble_is_asked_again(provider: Provider, status: int) -> None:
    assert isinstance(failure(provider, status), SiteUnavailable)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_a_discovery_page_in_trouble_is_asked_again(provider: Provider, status: int) -> None:
    issued = provider.document
    provider.status, provider.document = status, {}
    with pytest.raises(SiteUnavailable, match="issues no access tokens at the moment") as caught:
        refresh(provider)
    assert caught.value.code == "unavailable.login_service"
    provider.status, provider.document = 200, issued
    assert refresh(provider).access_token == "access"


def test_a_missing_discovery_page_is_for_an_operator(provider: Provider) -> None:
    provider.status, provider.document = 404, {}
    with pytest.raises(SiteRefused, match="has no discovery document that names a token endpoint"):
        refresh(provider)


def test_an_answer_without_a_token_is_for_an_operator(provider: Provider) -> None:
    assert failure(provider, 200, token_type="Bearer").code == "refused.login_service"


@pytest.mark.parametrize("token", ["two\nlines", "two words", "überzogen"])
def test_a_token_that_no_header_carries_is_for_an_operator(provider: Provider, token: str) -> None:
    error = failure(provider, 200, access_token=token)
    assert error.code == "refused.login_service"
    assert "answers with an access token that cannot be sent." in error.message
    assert token not in error.message


@pytest.fixture
def connection(provider: Provider, outsider: User) -> Connection:
    site = make_site(oidc_token_url=f"{provider.issuer}/token", oidc_client_id="mantik")
    made = make_connection(owner=outsider, site=site, kind=Kind.UNICORE_OIDC, login_name="")
    made.put_secret("first")
    made.save()
    return made


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", [math.inf, 1e300, 10**12])
def test_the_next_refresh_token_is_kept_however_long_the_tokens_are_said_to_be_good(
    provider: Provider, connection: Connection, seconds: float
) -> None:
    given = {"access_token": "access", "expires_in": seconds, "refresh_expires_in": seconds, "refresh_token": "second"}
    provider.answer = lambda: json_response(given)
    assert tokens.access_token(connection.pk).value == "access"
    connection.refresh_from_db()
    assert connection.reveal_secret() == "second"


@pytest.mark.django_db
@pytest.mark.parametrize("given", [{"access_token": "two\nlines"}, {"access_token": ""}, {"token_type": "Bearer"}])
def test_the_next_refresh_token_is_kept_beside_an_access_token_that_is_of_no_use(
    provider: Provider, connection: Connection, given: dict[str, str]
) -> None:
    provider.answer = lambda: json_response({**given, "refresh_token": "second", "refresh_expires_in": 3600})
    with pytest.raises(SiteRefused) as caught:
        tokens.access_token(connection.pk)
    assert caught.value.code == "refused.login_service"
    connection.refresh_from_db()
    assert connection.reveal_secret() == "second"
    assert connection.renewal_error == caught.value.message
    assert (connection.sealed_access, connection.lease_token, connection.refusals) == ("", None, 0)

    provider.answer = lambda: json_response(GIVEN)
    assert tokens.access_token(connection.pk).value == "access"
    assert provider.asked[-1][1]["refresh_token"] == ["second"]


def test_nothing_that_is_shown_holds_a_secret(provider: Provider) -> None:
    provider.answer = lambda: json_response({**GIVEN, "access_token": "hidden1", "refresh_token": "hidden2"})
    shown = repr(refresh(provider)) + repr(oidc.LoginService("", "", "mantik", "hidden3"))
    assert "hidden" not in shown
