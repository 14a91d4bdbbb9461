"""A site that answers whatever a test wants, for answers that no real site can be made to give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from connections.unicore.client import SiteClient
from connections.unicore.credentials import password_credential
from connections.unicore.pool import Timeouts
from connections.unicore.sites import make_client
from mantik.demo.sandbox.http_server import HttpServer, Request, Response, json_response

SESSION = "X-UNICORE-SecuritySession"
Answer = Callable[[Request], Response]


@dataclass
class FakeSite:
    """`answer` is called for each request; `requests` are those so far, as (method, path, headers)."""

    answer: Answer = lambda _: json_response({})
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    def __call__(self, request: Request) -> Response:
        self.requests.append((request.method, request.path, dict(request.headers)))
        return self.answer(request)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/SITE/rest/core"

    @property
    def job_url(self) -> str:
        return f"{self.base_url}/jobs/abc"


@pytest.fixture
def fake_site() -> Iterator[FakeSite]:
    site = FakeSite()
    server = HttpServer(site)
    site.port = server.port
    server.start()
    yield site
    server.stop()


@pytest.fixture
def client(fake_site: FakeSite) -> SiteClient:
    return client_of(fake_site.base_url)


def client_of(base_url: str, *, ca_bundle: str | None = None, read: float = 5) -> SiteClient:
    credential = password_credential("ada", "s3cret")
    return make_client(base_url, credential, ca_bundle, timeouts=Timeouts(connect=2, read=read, answer=2))
