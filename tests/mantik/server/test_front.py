"""Clients that send slowly, send too much, do not read, or are too many: the others do not notice."""

from __future__ import annotations

import json
import os
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import Any

import pytest

from mantik.up.ports import free_port
from tests.mantik.server.limits import (
    BODY,
    BODY_SECONDS,
    DOWNLOADS,
    DOWNLOADS_EACH,
    PIECE_SECONDS,
    QUEUE,
    ROOM,
    SLOW_SECONDS,
    THREADS,
)
from tests.support.places import TOP
from tests.support.waiting import wait_until


@dataclass(frozen=True)
class Server:
    port: int
    pid: int
    closed: Path

    def connect(self, *, buffer: int = 0) -> socket.socket:
        client = socket.socket()
        if buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.settimeout(30)
        client.connect(("127.0.0.1", self.port))
        return client

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[HTTPResponse, bytes]:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response, response.read()

    def raw(self, request: bytes) -> bytes:
        """What is answered until the server hangs up."""
        with closing(self.connect()) as client:
            client.sendall(request)
            return b"".join(iter(lambda: client.recv(65536), b""))

    def is_quick(self) -> bool:
        begin = time.monotonic()
        response, _ = self.ask("GET", "/healthz")
        return response.status == 200 and time.monotonic() - begin < 1


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory, port = tmp_path_factory.mktemp("front"), free_port()
    closed, log = directory / "closed", directory / "log"
    closed.touch()
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws", "--http", "1", "--port", str(port)]
    command += ["--workers", "1", "--http1-header-read-timeout", "1000"]
    command += ["--no-access-log", "--log-level", "error", "tests.mantik.server.example:application"]
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=TOP, env=os.environ | {"CLOSED": str(closed)}, stdout=file, stderr=file)
    server = Server(port, process.pid, closed)
    try:
        wait_until(lambda: process.poll() is not None or _listens(port), seconds=60)
        yield server
        assert process.poll() is None, log.read_text()
        # Those of the download that breaks off, of the page that fails, and of the error outside of Django.
        assert log.read_text().count("Traceback") <= 3, log.read_text()
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def echoed(body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body)
    return found


def test_a_page_gets_the_request_as_it_was_sent(server: Server) -> None:
    response, body = server.ask("POST", "/echo/a%2Fb/%C3%A4?x=%ff&y=1", b"one=\xff", Cookie="a=1; b=2", X_Evil="1")

    found = echoed(body)
    assert response.status == 200
    assert (found["body"], found["path"]) == ("one=\xff", "/echo/a/b/ä")
    meta = found["meta"]
    assert (meta["QUERY_STRING"], meta["CONTENT_LENGTH"]) == ("x=%ff&y=1", "5")
    assert (meta["HTTP_COOKIE"], meta["REMOTE_ADDR"]) == ("a=1; b=2", "127.0.0.1")
    # Not the same variable as X-Evil, which a proxy may set.
    assert "HTTP_X_EVIL" not in meta


def test_a_body_in_chunks_is_taken_whole(server: Server) -> None:
    request = b"POST /echo/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = server.raw(request.replace(b"/echo/", b"/echo/x") + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert b'"body": "abcde"' in answer


def test_a_head_has_no_body(server: Server) -> None:
    for path in ("/healthz", "/large"):
        response, body = server.ask("HEAD", path)
        assert (response.status, body) == (200, b"")


def test_a_large_page_arrives_whole(server: Server) -> None:
    response, body = server.ask("GET", "/large")
    assert (response.status, len(body)) == (200, 65536 * 300)


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(server: Server) -> None:
    head = f"POST /echo/x HTTP/1.1\r\nHost: a\r\nContent-Length: {BODY + 1}\r\n\r\n".encode()
    answer = server.raw(head)
    assert answer.startswith(b"HTTP/1.1 413")
    assert "This request has more than 100\xa0kB".encode() in answer


def test_a_body_in_chunks_that_is_too_large_is_refused_when_it_is(server: Server) -> None:
    head = b"POST /echo/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    with closing(server.connect()) as client:
        client.sendall(head + b"10000\r\n" + b"x" * 65536 + b"\r\n10000\r\n" + b"x" * 65536 + b"\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 413")


def test_who_sends_too_much_before_reading_learns_why(server: Server) -> None:
    """As browsers do. Hung up on, they would show that the connection was reset."""
    size = 20_000_000
    with closing(server.connect()) as client:
        client.sendall(f"POST /echo/x HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n".encode())
        for _ in range(20):
            client.sendall(b"x" * (size // 20))
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"the most that a page of Mantik takes" in answer


@pytest.mark.parametrize("sent", [b"", b"P", b"GET /healthz HTTP/1.1\r\nHost:"])
def test_a_connection_that_sends_no_request_is_closed(server: Server, sent: bytes) -> None:
    with closing(server.connect()) as client:
        client.sendall(sent)
        assert client.recv(100)[:12] in (b"", b"HTTP/1.1 408")


def test_a_body_that_comes_too_slowly_is_given_up_and_holds_nobody(server: Server) -> None:
    with ExitStack() as open_clients:
        clients = [open_clients.enter_context(closing(server.connect())) for _ in range(50)]
        begin = time.monotonic()
        for client in clients:
            client.sendall(b"POST /echo/x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
        assert server.is_quick()
        assert echoed(server.ask("POST", "/echo/x", b"quick")[1])["body"] == "quick"
        assert all(client.recv(100).startswith(b"HTTP/1.1 408") for client in clients)
        assert time.monotonic() - begin >= BODY_SECONDS


def test_bodies_have_only_so_much_room_together(server: Server) -> None:
    part = BODY - 1000
    with ExitStack() as open_clients:
        head = f"POST /echo/x HTTP/1.1\r\nHost: a\r\nContent-Length: {BODY}\r\n\r\n".encode()
        for _ in range(ROOM // part):
            open_clients.enter_context(closing(server.connect())).sendall(head + b"x" * part)
        time.sleep(0.3)
        response, body = server.ask("POST", "/echo/x", b"x" * BODY)
        assert (response.status, response.headers["Retry-After"]) == (503, "5"), body
    # What the others held is free again, whether they were given up or hung up.
    wait_until(lambda: server.ask("POST", "/echo/x", b"x" * BODY)[0].status == 200)


def test_pages_wait_for_a_thread_and_then_are_refused_with_a_sentence(server: Server) -> None:
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(server.ask, "GET", "/slow") for _ in range(20)]
        wait_until(lambda: any(one.done() for one in asked))
        assert server.is_quick()
        answers = [one.result() for one in asked]
    statuses = [response.status for response, _ in answers]
    assert THREADS <= statuses.count(200) <= THREADS + QUEUE
    assert set(statuses) == {200, 503}
    refused = next((response, body) for response, body in answers if response.status == 503)
    assert (refused[0].headers["Retry-After"], refused[1]) == (
        "3",
        b"Mantik has too much to do at the moment. Try again in a few seconds.\n",
    )
    assert server.ask("GET", "/slow")[0].status == 200


def test_who_hangs_up_in_the_queue_leaves_it_to_others(server: Server) -> None:
    with ThreadPoolExecutor(THREADS) as pool, ExitStack() as open_clients:
        busy = [pool.submit(server.ask, "GET", "/slow") for _ in range(THREADS)]
        time.sleep(0.3)
        for _ in range(QUEUE):
            client = open_clients.enter_context(closing(server.connect()))
            client.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.3)
        assert server.ask("GET", "/large")[0].status == 503
        open_clients.close()
        time.sleep(0.3)
        begin = time.monotonic()
        assert server.ask("GET", "/large")[0].status == 200
        # Had the slow pages of those who left been made first, it would have waited for at least one of them.
        assert time.monotonic() - begin < SLOW_SECONDS
        assert [one.result()[0].status for one in busy] == [200] * THREADS
    assert server.ask("GET", "/large")[0].status == 200


def test_an_error_outside_of_django_is_an_error_500(server: Server) -> None:
    assert server.ask("GET", "/outside")[0].status == 500


def test_who_does_not_read_a_page_is_given_up_and_holds_nobody(server: Server) -> None:
    with ExitStack() as open_clients:
        for _ in range(20):
            client = open_clients.enter_context(closing(server.connect(buffer=4096)))
            client.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        assert server.is_quick()
        assert server.ask("POST", "/echo/x", b"quick")[0].status == 200


def test_a_download_that_nobody_reads_is_closed_and_makes_room_for_another(server: Server) -> None:
    before = closings(server)
    with ExitStack() as open_clients:
        for reader in range(DOWNLOADS):
            _begin(open_clients, server, f"/endless?reader={reader}")
        response, body = server.ask("GET", "/endless")
        assert (response.status, response.headers["Retry-After"]) == (503, "60"), body
        assert server.ask("GET", "/not-modified")[0].status == 304
        assert server.ask("POST", "/echo/x", b"quick")[0].status == 200
        # That of the one that was refused, at once; the others when they have not read for so long.
        wait_until(lambda: closings(server) == before + 1 + DOWNLOADS, seconds=30 + PIECE_SECONDS)
        assert _is_begun(server)


def test_what_somebody_else_sends_arrives_whole(server: Server) -> None:
    before = closings(server)
    response, body = server.ask("GET", "/sent")
    assert (response.status, len(body)) == (200, 65536 * 300)
    assert response.headers["Content-Disposition"] == 'attachment; filename="a file.bin"'
    assert response.headers["Content-Security-Policy"] == "sandbox"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    wait_until(lambda: closings(server) == before + 1)


def test_downloads_that_wait_for_somebody_else_hold_no_thread(server: Server) -> None:
    """There is one thread for pieces, and it makes those of another download meanwhile."""
    before = closings(server)
    with ExitStack() as open_clients:
        for reader in range(DOWNLOADS - 1):
            _begin(open_clients, server, f"/sent?silent&reader={reader}")
        assert _is_begun(server)
        wait_until(lambda: closings(server) == before + 1)
    # Who hangs up is noticed, although nothing is sent.
    wait_until(lambda: closings(server) == before + DOWNLOADS)


def test_nobody_has_all_downloads(server: Server) -> None:
    before = closings(server)
    with ExitStack() as open_clients:
        for _ in range(DOWNLOADS_EACH):
            _begin(open_clients, server, "/sent?silent&reader=ada")
        response, body = server.ask("GET", "/sent?reader=ada")
        assert (response.status, response.headers["Retry-After"]) == (503, "60")
        assert body.startswith(b"You are sending or receiving too many files at once.")
        assert server.ask("GET", "/sent?reader=bo")[0].status == 200
    wait_until(lambda: closings(server) == before + DOWNLOADS_EACH + 2)


def test_a_file_that_is_handed_on_but_refused_is_closed(server: Server) -> None:
    """It is opened before anybody counts: left open, it would keep one of the few connections to MLflow for good."""
    before = closings(server)
    with ExitStack() as open_clients:
        for _ in range(DOWNLOADS_EACH):
            _begin(open_clients, server, "/tracking/file?ada")
        assert server.ask("GET", "/tracking/file?ada")[0].status == 503
        wait_until(lambda: closings(server) == before + 1)
    wait_until(lambda: closings(server) == before + 1 + DOWNLOADS_EACH)


def _begin(open_clients: ExitStack, server: Server, path: str) -> None:
    client = open_clients.enter_context(closing(server.connect(buffer=4096)))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert client.recv(12) == b"HTTP/1.1 200"


def test_a_download_whose_client_hangs_up_is_closed(server: Server) -> None:
    before = closings(server)
    assert _is_begun(server)
    wait_until(lambda: closings(server) == before + 1)


def test_a_client_that_hangs_up_in_its_body_is_forgotten(server: Server) -> None:
    for _ in range(30):
        with closing(server.connect()) as client:
            client.sendall(b"POST /echo/x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + b"x" * 50_000)
    wait_until(lambda: server.ask("POST", "/echo/x", b"x" * BODY)[0].status == 200)


def test_a_download_that_breaks_off_does_not_look_complete(server: Server) -> None:
    """It has no length, so only the missing last chunk tells."""
    with pytest.raises((IncompleteRead, ConnectionError)):
        server.ask("GET", "/broken")
    assert server.ask("POST", "/echo/x", b"quick")[0].status == 200


def test_a_page_that_fails_is_an_error_500(server: Server) -> None:
    assert server.ask("GET", "/failing")[0].status == 500


def test_a_file_is_taken_while_it_comes(server: Server) -> None:
    assert server.ask("PUT", "/tracking/x?ada", b"x" * 300_000)[1] == b"300000 bytes"


def _begin_upload(open_clients: ExitStack, server: Server, reader: str) -> socket.socket:
    client = open_clients.enter_context(closing(server.connect()))
    head = f"PUT /tracking/x?{reader} HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n"
    client.sendall(head.encode() + b"x" * 1000)
    return client


def _upload_under_way(open_clients: ExitStack, server: Server, reader: str) -> socket.socket:
    """Others may have to end before."""
    while (client := _begun(open_clients, server, reader)) is None:
        pass
    return client


def _begun(open_clients: ExitStack, server: Server, reader: str) -> socket.socket | None:
    before = server.closed.read_text().count("begun")
    client = _begin_upload(open_clients, server, reader)
    wait_until(lambda: server.closed.read_text().count("begun") > before or bool(_readable(client)))
    return None if _readable(client) else client


def _readable(client: socket.socket, seconds: float = 0) -> list[socket.socket]:
    return select.select([client], [], [], seconds)[0]


def test_who_sends_more_files_than_allowed_learns_why(server: Server) -> None:
    """It reads the answer once it has sent all; hung up on before, it would learn nothing."""
    before = closings(server)
    with ExitStack() as open_clients:
        for _ in range(DOWNLOADS_EACH):
            _upload_under_way(open_clients, server, "ada")
        one_more = _begin_upload(open_clients, server, "ada")
        for _ in range(20):
            time.sleep(0.01)
            one_more.sendall(b"x" * 999_950)
        answer = b"".join(iter(lambda: one_more.recv(65536), b""))
    wait_until(lambda: closings(server) == before + DOWNLOADS_EACH)
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"You are sending or receiving too many files at once." in answer


@pytest.mark.parametrize("pause", [0.05, 60])
def test_a_file_that_comes_too_slowly_is_given_up_and_holds_nobody(server: Server, pause: float) -> None:
    """Whether bytes come one by one, or not at all."""
    before = closings(server)
    with ExitStack() as open_clients:
        begin = time.monotonic()
        clients = [_upload_under_way(open_clients, server, f"reader{number}") for number in range(DOWNLOADS)]
        assert server.is_quick()
        assert server.ask("POST", "/echo/x", b"quick")[0].status == 200
        for client in clients:
            assert _answer_while_sending(client, pause).startswith(b"HTTP/1.1 408")
        assert time.monotonic() - begin >= PIECE_SECONDS
    wait_until(lambda: closings(server) >= before + DOWNLOADS)
    assert server.ask("PUT", "/tracking/x?ada", b"x")[0].status == 200


def _answer_while_sending(client: socket.socket, pause: float) -> bytes:
    while not _readable(client, pause):
        client.sendall(b"x")
    return client.recv(100)


def _download_under_way(open_clients: ExitStack, server: Server, reader: str) -> socket.socket:
    """Others may have to end before."""
    status = b""
    while status != b"HTTP/1.1 200":
        client = open_clients.enter_context(closing(server.connect(buffer=4096)))
        client.sendall(f"GET /tracking/x?{reader} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        status = client.recv(12)
    return client


@pytest.mark.parametrize("pause", [0.05, 60])
def test_a_file_that_is_read_too_slowly_is_given_up_and_holds_nobody(server: Server, pause: float) -> None:
    """Whether byte by byte, or not at all."""
    before = closings(server)
    with ExitStack() as open_clients:
        clients = [_download_under_way(open_clients, server, f"reader{number}") for number in range(DOWNLOADS)]
        assert server.is_quick()
        assert server.ask("POST", "/echo/x", b"quick")[0].status == 200
        assert server.ask("POST", "/tracking/x?ada", b"")[1] == b"0 bytes"

        def all_given_up() -> bool:
            if pause < 1:
                for client in clients:
                    client.recv(1)
            return closings(server) >= before + 1 + DOWNLOADS

        wait_until(all_given_up)


def test_it_is_known_whether_somebody_was_there_for_an_answer(server: Server) -> None:
    before = server.closed.read_text()
    assert server.ask("POST", "/tracking/x?ada", b"")[1] == b"0 bytes"
    wait_until(lambda: server.closed.read_text().removeprefix(before) == "closed\nanswered\n")
    with closing(server.connect()) as client:
        client.sendall(b"POST /tracking/x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        time.sleep(0.2)
    wait_until(lambda: server.closed.read_text().removeprefix(before) == "closed\nanswered\n" + "closed\nleft\n")


def closings(server: Server) -> int:
    return len(re.findall("closed", server.closed.read_text()))


def _is_begun(server: Server) -> bool:
    with closing(server.connect()) as client:
        client.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        return client.recv(12) == b"HTTP/1.1 200"
