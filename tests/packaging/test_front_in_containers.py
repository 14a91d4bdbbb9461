"""nginx as `docker-compose.yml` runs it in front of the web server, with a web server that only notes what arrives."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from getpass import getuser
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mantik.up.ports import free_port
from tests.packaging.test_repository import compose
from tests.support.places import TOP
from tests.support.waiting import wait_until

_NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
_CONFIG = "/etc/nginx/nginx.conf"

needs_nginx = pytest.mark.skipif(_NGINX is None, reason="nginx is not installed")


class Web(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Noting)
        # Of each request, as soon as its head is there.
        self.seen: list[tuple[str, dict[str, str]]] = []


class _Noting(BaseHTTPRequestHandler):
    server: Web

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))
        size = len(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
        body = str(size).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.do_GET()

    def log_message(self, *args: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()


@pytest.fixture
def port(web: Web, tmp_path: Path) -> Iterator[int]:
    """That of nginx, with the file of the container but for addresses and folders."""
    port = free_port()
    text = (TOP / "docker" / "nginx.conf").read_text()
    for old, new in {
        "listen 8080;": f"listen 127.0.0.1:{port};",
        "http://web:8000": f"http://127.0.0.1:{web.server_port}",
        "/tmp/nginx": f"{tmp_path}/nginx",
    }.items():
        assert old in text
        text = text.replace(old, new)
    config = tmp_path / "nginx.conf"
    config.write_text(text)
    # As whoever runs the tests: the folder is theirs alone.
    command = [str(_NGINX), "-c", str(config), "-g", f"daemon off; user {getuser()};"]
    process = subprocess.Popen(command, stderr=(tmp_path / "log").open("w"))
    try:
        wait_until(lambda: process.poll() is not None or _listens(port), seconds=30)
        assert process.poll() is None, (tmp_path / "log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def ask(
    port: int, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[HTTPResponse, bytes]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response, response.read()


def test_only_the_front_is_published_and_has_the_file() -> None:
    services = compose()["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["front"]
    assert services["front"]["volumes"] == [f"./docker/nginx.conf:{_CONFIG}:ro"]
    # Nothing keeps a service from running twice.
    assert all("container_name" not in service for service in services.values())


@needs_nginx
def test_a_form_reaches_the_web_server_when_it_is_whole(port: int, web: Web) -> None:
    head = b"POST /accounts/login/ HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(head + b"abc")
        # Another one's is served meanwhile, so nginx has seen this one.
        ask(port, "GET", "/other")
        assert [path for path, _ in web.seen] == ["/other"]
        client.sendall(b"def")
        assert b"".join(iter(lambda: client.recv(65536), b"")).endswith(b"\r\n\r\n6")


@needs_nginx
def test_what_programs_log_goes_on_as_it_comes(port: int, web: Web) -> None:
    head = b"PUT /tracking/x HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(head + b"abc")
        wait_until(lambda: bool(web.seen))
        client.sendall(b"def")
        assert b"".join(iter(lambda: client.recv(65536), b"")).endswith(b"\r\n\r\n6")
    assert ask(port, "PUT", "/tracking/x", b"x" * 5_000_000)[1] == b"5000000"


@needs_nginx
def test_only_pages_have_a_limit(port: int, web: Web) -> None:
    """Just above that of the web server, which says more."""
    assert ask(port, "POST", "/", b"x" * 1_500_000)[1] == b"1500000"
    assert ask(port, "POST", "/", b"x" * 3_000_000)[0].status == 413


@needs_nginx
@pytest.mark.parametrize(
    ("sent", "client", "scheme"),
    [
        ({}, "127.0.0.1", "http"),
        ({"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}, "203.0.113.9", "https"),
        # What the client has made up stands before what your proxy has added.
        ({"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}, "203.0.113.9", "http"),
        ({"X-Forwarded-Proto": "javascript"}, "127.0.0.1", "http"),
    ],
)
def test_the_web_server_learns_of_the_client_from_your_proxy(
    port: int, web: Web, sent: dict[str, str], client: str, scheme: str
) -> None:
    ask(port, "GET", "/", headers={"Host": "mantik.example.org"} | sent)
    [(_, headers)] = web.seen
    assert (headers["Host"], headers["X-Forwarded-For"]) == ("mantik.example.org", client)
    assert headers["X-Forwarded-Proto"] == scheme


@needs_nginx
def test_assets_are_asked_for_once(port: int, web: Web) -> None:
    for _ in range(3):
        assert ask(port, "GET", "/static/app.0123456789ab.js")[0].status == 200
    assert len(web.seen) == 1
