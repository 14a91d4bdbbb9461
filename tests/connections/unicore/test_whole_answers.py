"""A site that sends its answer byte by byte is never silent, and has to come to an end nevertheless."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpcore
import pytest

from connections.unicore import whole_answers
from connections.unicore.errors import SiteUnavailable
from tests.connections.unicore.conftest import client_of

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def dripping(at_once: bytes, endless: bytes) -> Iterator[str]:
    """The address of a site that answers `at_once`, and then `endless` over and over, four times a second."""
    is_over = threading.Event()

    def answer(peer: socket.socket) -> None:
        with peer, suppress(OSError):
            peer.recv(65536)
            peer.sendall(at_once)
            while not is_over.wait(0.25):
                peer.sendall(endless)

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=[listener.accept()[0]], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=[listener], daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/SITE/rest/core"
        finally:
            is_over.set()
            # Closing alone does not wake up who waits for a connection.
            listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("at_once", "endless"),
    [(b"", b"H"), (HEAD, b"X: y\r\n"), (HEAD + b"Content-Length: 99999\r\n\r\n{", b" ")],
    ids=["the first line", "headers", "the body"],
)
def test_an_answer_that_does_not_end_counts_as_none(at_once: bytes, endless: bytes) -> None:
    with dripping(at_once, endless) as base_url, pytest.raises(SiteUnavailable) as caught:
        client_of(base_url).access()
    assert caught.value.is_silence


def test_the_next_answer_has_all_of_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the same connection, long after the one before was whole."""
    now = [0.0]
    monkeypatch.setattr("connections.unicore.whole_answers.time.monotonic", lambda: now[0])
    stream = _Echo()
    for _ in range(3):
        stream.timed.write(b"question")
        assert stream.timed.read(9, 20) == b"answer"
        now[0] += 59
        assert stream.timed.read(9, 20) == b"answer"
    assert stream.timeouts == [20, 1] * 3


class _Echo(httpcore.NetworkStream):
    """Keeps the time that each reading was given."""

    def __init__(self) -> None:
        self.timeouts: list[float | None] = []
        self.timed = whole_answers._Timed(self, seconds=60)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - httpcore's signature
        self.timeouts.append(timeout)
        return b"answer"

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """To nobody."""
