"""The HTTP server of the sandbox site, byte by byte."""

from __future__ import annotations

import base64
import re
import socket
from collections.abc import Iterator

import httpx
import pytest

from mantik.demo.sandbox.http_server import HttpServer, Response
from tests.contract.jobs import Submitter
from tests.support.sites import RunningSite
from tests.support.waiting import wait_until

BASE = "/SANDBOX/rest/core"


class Wire:
    """One connection."""

    def __init__(self, site: RunningSite) -> None:
        url = httpx.URL(site.base_url)
        self._socket = socket.create_connection((url.host, url.port or 0), timeout=10)
        self._source = self._socket.makefile("rb")
        user = site.users["demo"]
        self.sign_in = b"Authorization: Basic " + base64.b64encode(f"{user.login}:{user.password}".encode())

    def send(self, *lines: bytes, body: bytes = b"") -> None:
        self._socket.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)

    def send_raw(self, content: bytes) -> None:
        self._socket.sendall(content)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        status = int(self._source.readline().split()[1])
        headers = {}
        while (line := self._source.readline()) != b"\r\n":
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return status, headers, self._source.read(int(headers.get("content-length", "0")))

    def is_closed(self) -> bool:
        return self._source.read(1) == b""

    def close(self) -> None:
        self._source.close()
        self._socket.close()


@pytest.fixture
def wire(sandbox: RunningSite) -> Iterator[Wire]:
    made = Wire(sandbox)
    yield made
    made.close()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"nonsense\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon here\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: " + b"x" * 70_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    ],
    ids=["no request", "no version", "no colon", "words", "negative", "not ASCII", "long header", "long path", "TLS"],
)
def test_what_is_no_request_is_answered_with_400_and_the_end(wire: Wire, nonsense: bytes) -> None:
    wire.send_raw(nonsense)
    status, headers, _ = wire.answer()
    assert (status, headers["connection"]) == (400, "close")


@pytest.mark.parametrize("size", [b"zz", b"-5", b"+5", b""])
def test_a_body_in_chunks_of_nonsense_is_a_bad_request(wire: Wire, size: bytes) -> None:
    wire.send(
        b"POST " + BASE.encode() + b"/jobs HTTP/1.1",
        wire.sign_in,
        b"Content-Type: application/json",
        b"Transfer-Encoding: chunked",
        body=size + b"\r\n{}\r\n0\r\n\r\n",
    )
    assert wire.answer()[0] == 400


def test_one_connection_carries_many_requests(wire: Wire) -> None:
    for _ in range(3):
        wire.send(b"GET " + BASE.encode() + b" HTTP/1.1", wire.sign_in, b"Accept: application/json")
        status, headers, body = wire.answer()
        assert (status, headers["content-type"], body[:1]) == (200, "application/json", b"{")


def test_requests_may_come_before_the_answers_were_read(wire: Wire) -> None:
    for path in (b"/certificate", b"/nope"):
        wire.send(b"GET " + BASE.encode() + path + b" HTTP/1.1")
    assert [wire.answer()[0], wire.answer()[0]] == [200, 404]


def test_a_body_that_nobody_reads_does_not_disturb_the_next_request(wire: Wire) -> None:
    wire.send(b"POST " + BASE.encode() + b"/nope HTTP/1.1", b"Content-Length: 20", body=b"GET /x HTTP/1.1\r\n\r\n.")
    assert wire.answer()[0] == 404
    wire.send(b"GET " + BASE.encode() + b"/certificate HTTP/1.1")
    assert wire.answer()[0] == 200


@pytest.mark.parametrize(("version", "more"), [(b"HTTP/1.0", b"X: y"), (b"HTTP/1.1", b"Connection: close")])
def test_the_connection_ends_when_the_client_wants_it(wire: Wire, version: bytes, more: bytes) -> None:
    wire.send(b"GET " + BASE.encode() + b"/certificate " + version, more)
    assert wire.answer()[1]["connection"] == "close"
    assert wire.is_closed()


def test_a_client_may_ask_before_it_sends_the_body(wire: Wire) -> None:
    head = [b"POST " + BASE.encode() + b"/jobs HTTP/1.1", wire.sign_in, b"Content-Type: application/json"]
    wire.send(*head, b"Content-Length: 5", b"Expect: 100-continue")
    assert wire.answer()[0] == 100
    wire.send_raw(b"[1,2]")
    assert wire.answer()[0] == 500


def test_a_head_request_has_no_body(wire: Wire) -> None:
    wire.send(b"HEAD " + BASE.encode() + b"/certificate HTTP/1.1")
    wire.send(b"GET " + BASE.encode() + b"/nope HTTP/1.1")
    source = wire._source.readline()
    assert b"200" in source
    while wire._source.readline() != b"\r\n":
        pass
    assert wire.answer()[0] == 404


def test_an_upload_that_breaks_off_leaves_the_site_in_order(sandbox: RunningSite, jobs: Submitter, wire: Wire) -> None:
    job = jobs.submit_waiting()
    path = httpx.URL(job.file_url("data")).path.encode()
    wire.send(
        b"PUT " + path + b" HTTP/1.1",
        wire.sign_in,
        b"Content-Type: application/octet-stream",
        b"Content-Length: 1000",
        body=b"only this",
    )
    wire.close()
    # What came is there, as at the real server, and nobody writes to the file any more.
    wait_until(lambda: job.read("data").content == b"only this")
    assert job.put("data", b"whole").status_code == 204
    assert job.read("data").content == b"whole"


def test_it_listens_on_loopback_only(sandbox: RunningSite) -> None:
    assert re.match(r"http://127\.0\.0\.1:\d+/SANDBOX/rest/core$", sandbox.base_url)
    server = HttpServer(lambda _: Response())
    assert server.host == "127.0.0.1"
    server.stop()
