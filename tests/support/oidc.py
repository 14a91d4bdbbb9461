"""The fixture `oidc_provider`: a real OpenID provider (the npm package oidc-provider), started once for the session.

It knows the people in `PEOPLE`; a test that needs somebody else adds them with `put_person`. Access tokens are
opaque, the userinfo endpoint answers them, and each refresh token works once.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from mantik.up.ports import free_port
from tests.support.node import node
from tests.support.places import TOP

PROVIDER_PASSWORD = "provider pass phrase"
# By their login, which is also their `sub`.
PEOPLE: dict[str, dict[str, Any]] = {
    "ada": {"email": "ada@example.org", "email_verified": True, "name": "Ada Okafor", "preferred_username": "ada"},
    "bo": {"email": "bo@example.org", "email_verified": False, "name": "Bo Unconfirmed", "preferred_username": "bo"},
    "demo": {"email": "demo@example.org", "email_verified": True, "name": "Demo", "preferred_username": "demo"},
}
_START_SECONDS = 60


@dataclass(frozen=True)
class OidcClient:
    id: str
    secret: str
    redirect_uri: str


@dataclass(frozen=True)
class Tokens:
    access: str
    refresh: str
    id: str
    expires_in: int


@dataclass(frozen=True)
class OidcProvider:
    """`issuer` is its base URL, without a slash at the end; the discovery document lies below it."""

    issuer: str

    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.issuer, timeout=30, trust_env=False)

    def discovery(self) -> dict[str, Any]:
        with self.http() as http:
            found: dict[str, Any] = http.get("/.well-known/openid-configuration").raise_for_status().json()
        return found

    def register(self, redirect_uri: str = "http://127.0.0.1/callback") -> OidcClient:
        """A client that may use `redirect_uri`, codes and refresh tokens."""
        wanted = {
            "redirect_uris": [redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_post",
        }
        with self.http() as http:
            made = http.post("/reg", json=wanted).raise_for_status().json()
        return OidcClient(made["client_id"], made["client_secret"], redirect_uri)

    def put_person(self, login: str, *, password: str = PROVIDER_PASSWORD, **claims: Any) -> None:
        """Add a person, or change all that is known of one."""
        with self.http() as http:
            http.put(f"/people/{login}", json={"password": password, **claims}).raise_for_status()

    def revoke(self, login: str) -> None:
        """Take back every token that was given to `login`."""
        with self.http() as http:
            http.delete(f"/grants/{login}").raise_for_status()

    def answer(self, authorization_url: str, login: str, *, agrees: bool = True) -> str:
        """What a person's browser is sent back to, who is asked at `authorization_url` and signs in, or refuses."""
        with self.http() as http:
            page = http.get(authorization_url).headers["location"]
            form = {"login": login, "password": PROVIDER_PASSWORD, "answer": "yes" if agrees else "no"}
            resumed = http.post(page, data=form)
            return str(http.get(resumed.headers["location"]).headers["location"])

    def sign_in(self, client: OidcClient, login: str, scope: str = "openid email profile offline_access") -> Tokens:
        """What a person gets who goes through the whole code flow with PKCE, in a browser of their own."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "client_id": client.id,
            "redirect_uri": client.redirect_uri,
            "response_type": "code",
            "scope": scope,
            # Without it a provider leaves offline_access away.
            "prompt": "consent",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        back = self.answer(f"{self.issuer}/auth?{urlencode(asked)}", login)
        form = {
            "grant_type": "authorization_code",
            "code": parse_qs(urlsplit(back).query)["code"][0],
            "redirect_uri": client.redirect_uri,
            "code_verifier": verifier,
        }
        with self.http() as http:
            return self._tokens(http, client, form)

    def refresh(self, client: OidcClient, refresh_token: str) -> Tokens:
        """Raises httpx.HTTPStatusError if the token was used before, or taken back."""
        with self.http() as http:
            return self._tokens(http, client, {"grant_type": "refresh_token", "refresh_token": refresh_token})

    @staticmethod
    def _tokens(http: httpx.Client, client: OidcClient, form: Mapping[str, str]) -> Tokens:
        known = {"client_id": client.id, "client_secret": client.secret}
        found = http.post("/token", data={**form, **known}).raise_for_status().json()
        return Tokens(found["access_token"], found.get("refresh_token", ""), found["id_token"], found["expires_in"])


@pytest.fixture(scope="session")
def oidc_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcProvider]:
    with running_provider(tmp_path_factory.mktemp("oidc")) as provider:
        yield provider


@contextmanager
def running_provider(directory: Path, *, access_token_seconds: int = 300) -> Iterator[OidcProvider]:
    """One of one's own, for tests that need tokens of another lifetime."""
    if not (TOP / "node_modules" / "oidc-provider").is_dir():
        pytest.fail("The npm package oidc-provider is missing. Run `make frontend`.")
    port = free_port()
    people = {login: {"password": PROVIDER_PASSWORD, **claims} for login, claims in PEOPLE.items()}
    told = {"port": port, "accounts": people, "accessTokenSeconds": access_token_seconds}
    log = directory / "oidc.log"
    with log.open("wb") as output:
        process = subprocess.Popen(_command(), stdin=subprocess.PIPE, stdout=output, stderr=output, cwd=TOP)
    try:
        assert process.stdin
        process.stdin.write(f"{json.dumps(told)}\n".encode())
        process.stdin.close()
        _await(process, log)
        yield OidcProvider(f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()


def _command() -> Sequence[str]:
    return [node(), str(Path(__file__).with_name("oidc_server.mjs"))]


def _await(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if b"listening " in log.read_bytes():
            return
        time.sleep(0.05)
    pytest.fail(f"The OpenID provider did not start:\n{log.read_text()[-2000:]}")
