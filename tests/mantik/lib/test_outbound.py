"""Whatever name, address, redirect or DNS answer leads inside, Mantik does not connect."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import httpcore
import pytest
import requests

from connections.unicore.credentials import password_credential
from connections.unicore.errors import SiteRefused
from connections.unicore.sites import open_site
from mantik.lib import outbound
from mantik.lib.networks import parse_allowed
from mantik.lib.outbound import AddressRefused, GuardedBackend, check_url, resolve
from mantik.lib.outbound_requests import guarded_session

PUBLIC = "93.184.215.14"


@pytest.fixture(autouse=True)
def nothing_listed(settings: Any) -> None:
    settings.MANTIK_OUTBOUND_ALLOWED = parse_allowed([])


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """A name service of one's own: what each question about a name is answered, the last answer for good."""
    answers: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in answers:
            return real(host, *args, **kwargs)
        found = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        return [entry for address in found for entry in real(address, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return answers


class _Server(ThreadingHTTPServer):
    """Counts who connects; answers with a redirect to `leads_to`, if any."""

    daemon_threads = True
    asked = 0
    leads_to = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server: Any = self.server
        server.asked += 1
        self.send_response(302 if server.leads_to else 200)
        if server.leads_to:
            self.send_header("Location", server.leads_to)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.8.9.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "localhost",
        "LOCALHOST.",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.178.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "::1",
        "[::1]",
        "::",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "feff::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:db8::1",
    ],
)
def test_what_is_no_address_of_the_public_network_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused, match="only if an operator lists it in MANTIK_OUTBOUND_ALLOWED"):
        resolve(host, 443)


@pytest.mark.parametrize("host", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_a_public_address_is_not(host: str) -> None:
    assert resolve(host, 443) == [host]


def test_a_name_with_one_address_inside_is_refused_as_a_whole(names: dict[str, list[list[str]]]) -> None:
    names["hpc.example.org"] = [[PUBLIC, "10.0.0.7"]]

    with pytest.raises(AddressRefused, match=r"^hpc\.example\.org is at 10\.0\.0\.7, and that is not an address"):
        resolve("hpc.example.org", 443)


@pytest.mark.parametrize("host", ["faß.test", "①②⑦.0.0.1", "example。org", "hpc.exämple.org"])
def test_a_name_that_programs_read_differently_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused, match="Write the name as it is registered, with xn--"):
        resolve(host, 443)


@pytest.mark.parametrize("host", ["hpc..example.org", f"{'x' * 64}.example.org", ".example.org"])
def test_what_is_no_name_is_not_found(host: str) -> None:
    with pytest.raises(socket.gaierror):
        resolve(host, 443)
    with pytest.raises(httpcore.ConnectError):
        GuardedBackend().connect_tcp(host, 443)


@pytest.mark.parametrize(
    ("listed", "host", "passes"),
    [
        ("10.0.0.0/8", "10.9.8.7", True),
        ("10.0.0.0/16", "10.9.8.7", False),
        ("10.9.8.7", "10.9.8.7", True),
        ("10.0.0.0/8", "::ffff:10.9.8.7", True),
        ("127.0.0.0/8", "localhost", True),
        ("LocalHost", "localhost", True),
        ("hpc", "localhost", False),
        ("::1", "::1", True),
    ],
)
def test_operators_list_what_lies_inside(settings: Any, listed: str, host: str, passes: bool) -> None:
    settings.MANTIK_OUTBOUND_ALLOWED = parse_allowed([listed, "::1"] if host == "localhost" and passes else [listed])

    if passes:
        assert resolve(host, 443)
    else:
        with pytest.raises(AddressRefused):
            resolve(host, 443)


@pytest.mark.parametrize("word", ["10.0.0.0/33", "10.0.0.1/8", "300.1.1.1", "::zz", "https://hpc.example.org"])
def test_a_list_that_is_wrong_is_refused_with_the_word(word: str) -> None:
    with pytest.raises(ValueError, match="is neither a host name nor an address nor a network"):
        parse_allowed([word])


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "https://user@127.0.0.1:8443/x", "ssh://git@localhost/x"])
def test_an_address_in_a_url_is_looked_at(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(url)


def test_a_url_without_a_host_is_none() -> None:
    with pytest.raises(ValueError, match="names no host"):
        check_url("git@example.org:x.git")


def test_a_site_inside_is_never_connected_to(server: _Server) -> None:
    client = open_site(
        key="outbound", base_url=server.url, credential=password_credential("ada", "s3cret"), ca_bundle=None
    )

    with pytest.raises(SiteRefused, match="is not an address of the public network") as caught:
        client.access()

    assert caught.value.code == "refused.address"
    assert server.asked == 0


def test_a_name_that_turns_inside_a_moment_later_is_not_asked_again(
    names: dict[str, list[list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second answer would be given to whoever looks the name up anew."""
    names["rebind.example.org"] = [[PUBLIC], ["127.0.0.1"]]
    asked: list[Any] = []

    def connect(address: Any, *_: Any, **__: Any) -> Any:
        asked.append(address[0])
        raise OSError("not in a test")

    monkeypatch.setattr(socket, "create_connection", connect)

    with pytest.raises(httpcore.ConnectError):
        GuardedBackend().connect_tcp("rebind.example.org", 80)

    assert asked == [PUBLIC]


def test_another_address_of_the_same_name_is_tried(settings: Any, server: _Server, names: Any) -> None:
    settings.MANTIK_OUTBOUND_ALLOWED = parse_allowed(["127.0.0.0/8"])
    # Nobody listens at the first.
    names["two.example.org"] = [["127.0.0.9", "127.0.0.1"]]

    with httpcore.ConnectionPool(network_backend=GuardedBackend()) as pool:
        answer = pool.request("GET", f"http://two.example.org:{server.server_port}/")

    assert answer.status == 200
    assert server.asked == 1


def test_requests_goes_through_the_same_guard(server: _Server) -> None:
    with guarded_session() as session, pytest.raises(requests.ConnectionError, match="MANTIK_OUTBOUND_ALLOWED"):
        session.get(server.url)

    assert server.asked == 0


def test_requests_is_led_inside_by_no_redirect(settings: Any, server: _Server) -> None:
    settings.MANTIK_OUTBOUND_ALLOWED = parse_allowed(["127.0.0.1"])
    server.leads_to = f"http://127.0.0.2:{server.server_port}/"

    with guarded_session() as session, pytest.raises(requests.ConnectionError, match=r"127\.0\.0\.2 is not an address"):
        session.get(server.url)

    assert server.asked == 1


def test_requests_connects_to_the_address_that_was_looked_at(settings: Any, server: _Server, names: Any) -> None:
    settings.MANTIK_OUTBOUND_ALLOWED = parse_allowed(["127.0.0.0/8"])
    names["idp.example.org"] = [["127.0.0.1"]]

    with guarded_session() as session:
        assert session.get(f"http://idp.example.org:{server.server_port}/").status_code == 200


def test_a_name_that_is_not_found_is_said_so(names: Any) -> None:
    with guarded_session() as session, pytest.raises(requests.ConnectionError, match="resolve"):
        session.get("http://nowhere.invalid/")


def test_many_addresses_that_do_not_answer_take_no_longer_than_one(
    names: dict[str, list[list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    names["many.example.org"] = [[f"93.184.215.{number}" for number in range(1, 101)]]
    waited: list[float] = []
    clock = [0.0]

    def connect(_address: Any, timeout: float, **_: Any) -> Any:
        waited.append(timeout)
        clock[0] += timeout
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(outbound, "time", SimpleNamespace(monotonic=lambda: clock[0]))

    with pytest.raises(httpcore.ConnectTimeout):
        GuardedBackend().connect_tcp("many.example.org", 80, timeout=10)

    assert len(waited) == 100
    assert waited == pytest.approx([0.1] * 100)


class _Endless(BaseHTTPRequestHandler):
    """Sends megabytes, packed into a few of them or not, until nobody takes any more."""

    def do_GET(self) -> None:
        packed = self.path == "/packed"
        piece = gzip.compress(bytes(1 << 24)) if packed else bytes(1 << 16)
        self.send_response(302 if self.path == "/redirect" else 200)
        self.send_header("Location", "/")
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        server: Any = self.server
        try:
            for _ in range(1 if packed else 1 << 10):
                self.wfile.write(piece)
                server.sent += len(piece)
        except OSError:
            pass

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.mark.parametrize("path", ["/", "/packed", "/redirect"])
def test_requests_reads_no_endless_answer(settings: Any, path: str) -> None:
    settings.MANTIK_OUTBOUND_ALLOWED = parse_allowed(["127.0.0.0/8"])
    with ThreadingHTTPServer(("127.0.0.1", 0), _Endless) as server:
        server.sent = 0  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            with guarded_session() as session, pytest.raises(requests.ConnectionError, match="longer than"):
                session.get(f"http://127.0.0.1:{server.server_port}{path}")
        finally:
            server.shutdown()
        assert server.sent < 1 << 25  # type: ignore[attr-defined]
