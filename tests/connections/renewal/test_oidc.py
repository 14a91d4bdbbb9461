"""What login services answer that no well-behaved one can be made to: a service that answers what a test wants."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
from pytest_django.fixtures import Settings

from connections.renewal import oidc
from connections.unicore.errors import SiteError, SiteRefused, SiteUnavailable
from mantik.demo.sandbox.http import HttpServer, Request, Response, json_response
from mantik.lib.networks import parse_allowed

GIVEN = {"access_token": "access", "expires_in": 300}
SECRET = "client+secret/%"


@dataclass
class Provider:
    """`document` is its discovery document, `answer` that of the token endpoint; `asked` what came there."""

    document: dict[str, Any] = field(default_factory=dict)
    answer: Callable[[], Response] = lambda: json_response(GIVEN)
    asked: list[tuple[dict[str, str], dict[str, list[str]]]] = field(default_factory=list)
    discoveries: int = 0
    issuer: str = ""

    def __call__(self, request: Request) -> Response:
        if request.path.endswith("/.well-known/openid-configuration"):
            self.discoveries += 1
            return json_response(self.document)
        self.asked.append((dict(request.headers), parse_qs(request.body.content().decode())))
        return self.answer()


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    server = HttpServer(provider)
    provider.issuer = f"http://127.0.0.1:{server.port}/realm"
    provider.document = {"issuer": provider.issuer, "token_endpoint": f"{provider.issuer}/token"}
    server.start()
    yield provider
    server.stop()


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


def test_a_public_client_has_none(provider: Provider) -> None:
    refresh(provider, secret="")
    headers, form = provider.asked[-1]
    assert "authorization" not in headers
    assert (form["client_id"], "client_secret" in form) == (["mantik"], False)


def test_the_discovery_document_is_asked_for_once(provider: Provider) -> None:
    for _ in range(3):
        refresh(provider)
    assert (provider.discoveries, len(provider.asked)) == (1, 3)


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


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_service_in_trouble_is_asked_again(provider: Provider, status: int) -> None:
    assert isinstance(failure(provider, status), SiteUnavailable)


def test_an_answer_without_a_token_is_for_an_operator(provider: Provider) -> None:
    assert failure(provider, 200, token_type="Bearer").code == "refused.login_service"


def test_a_token_that_no_header_carries_is_refused(provider: Provider) -> None:
    assert failure(provider, 200, access_token="two\nlines").code == "refused.token"


def test_nothing_that_is_shown_holds_a_secret(provider: Provider) -> None:
    provider.answer = lambda: json_response({**GIVEN, "access_token": "hidden1", "refresh_token": "hidden2"})
    shown = repr(refresh(provider)) + repr(oidc.LoginService("", "", "mantik", "hidden3"))
    assert "hidden" not in shown
