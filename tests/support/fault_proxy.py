"""An HTTP proxy in front of a server on this machine, that loses, delays and breaks what it is told to.

Every request is numbered by what it asks for, so a fault can be aimed at "the second POST of a job".
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import urlsplit

_MOST_HELD_SECONDS = 60
_HOST = re.compile(rb"\r\nHost:[^\r]*\r\n", re.IGNORECASE)
_PAGE = b"<html><body>Could not perform request</body></html>"
_ANSWER_OF_GATEWAY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (
    len(_PAGE),
    _PAGE,
)


class Fault(StrEnum):
    """What happens to one request."""

    LOSE_REQUEST = "the request is lost"
    LOSE_ANSWER = "the answer is lost"
    ARRIVE_LATE = "the request arrives when the test releases it, after the client has given up"
    ANSWER_LATE = "the answer comes after the client has given up"
    GATEWAY_PAGE = "the site gets the request, and a gateway answers with a page"
    KILL_BEFORE = "the worker is killed before the request arrives"
    KILL_AFTER = "the worker is killed before the answer arrives"


@dataclass(frozen=True)
class Aim:
    """The `nth` request (from 1) whose label is `label`."""

    label: str
    fault: Fault
    nth: int = 1


class FaultProxy:
    """Forwards to `upstream` (http://127.0.0.1:PORT). `label` names a request by method and path.

    `patience` is how long the client waits, in seconds: late answers come after that. `kill` ends the client. Every
    answer comes `delay` seconds late.
    """

    def __init__(
        self, upstream: str, *, label: Callable[[str, str], str], patience: float, kill: Callable[[], None]
    ) -> None:
        parts = urlsplit(upstream)
        assert parts.hostname
        assert parts.port
        self._upstream = (parts.hostname, parts.port)
        self._label = label
        self._late = patience + 0.5
        self._kill = kill
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._aim: Aim | None = None
        self._busy = 0
        self._idle = threading.Condition()
        self._released = threading.Event()
        self.hit = threading.Event()
        self.seen: Counter[str] = Counter()
        self._is_silent_to: Callable[[bytes], bool] = _nothing
        self._speaks = threading.Event()
        self.delay = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def aim(self, aim: Aim | None) -> None:
        """One fault, at most once; everything else passes. Counting begins anew."""
        with self._lock:
            self._aim = aim
            self.hit.clear()
            self._released.clear()
            self.seen.clear()

    @contextmanager
    def silence(self, to: Callable[[bytes], bool] = lambda _: True) -> Iterator[None]:
        """The server takes every connection and every request in here, and never answers those that `to` picks."""
        self._speaks.clear()
        self._is_silent_to = to
        try:
            yield
        finally:
            self._is_silent_to = _nothing
            self._speaks.set()

    def settled(self, *, timeout: float) -> bool:
        """Release what is held, and wait until nothing is on its way any more.

        False if something still is after `timeout` seconds.
        """
        self._released.set()
        with self._idle:
            return self._idle.wait_for(lambda: self._busy == 0, timeout)

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as source, suppress(OSError, ValueError):
            while message := _read_message(source):
                if not self._pass_on_while_busy(client, message):
                    return

    def _pass_on_while_busy(self, client: socket.socket, message: bytes) -> bool:
        with self._idle:
            self._busy += 1
        try:
            return self._pass_on(client, message)
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def _pass_on(self, client: socket.socket, message: bytes) -> bool:
        """False when the connection is to be closed."""
        fault = self._count_and_take_fault(message)
        if self._is_silent_to(message):
            assert self._speaks.wait(_MOST_HELD_SECONDS), "The test never let the server speak again."
            return False
        time.sleep(self.delay)
        if fault is Fault.KILL_BEFORE:
            self._kill()
            return False
        if fault is Fault.LOSE_REQUEST:
            return False
        if fault is Fault.ARRIVE_LATE:
            assert self._released.wait(_MOST_HELD_SECONDS), "The test never released the request."
        answer = self._ask(message)
        if fault is Fault.KILL_AFTER:
            self._kill()
        if fault is Fault.ANSWER_LATE:
            time.sleep(self._late)
        if fault is Fault.GATEWAY_PAGE:
            answer = _ANSWER_OF_GATEWAY
        if fault in (Fault.LOSE_ANSWER, Fault.ARRIVE_LATE, Fault.KILL_AFTER):
            return False
        client.sendall(answer)
        return True

    def _count_and_take_fault(self, message: bytes) -> Fault | None:
        """Count the request by its label, and take the fault if it is aimed at this one; None otherwise."""
        method, target, _ = message.split(b"\r\n", 1)[0].decode("latin-1").split()
        label = self._label(method, target)
        with self._lock:
            self.seen[label] += 1
            aim = self._aim
            if aim is None or aim.label != label or aim.nth != self.seen[label]:
                return None
            self._aim = None
            self.hit.set()
            return aim.fault

    def _addressed(self, message: bytes) -> bytes:
        """To the server itself: some answer only to their own name."""
        host = b"\r\nHost: %s:%d\r\n" % (self._upstream[0].encode(), self._upstream[1])
        return _HOST.sub(lambda _: host, message, count=1)

    def _ask(self, message: bytes) -> bytes:
        with socket.create_connection(self._upstream, timeout=30) as server, server.makefile("rb") as source:
            server.sendall(self._addressed(message))
            head_request = message.startswith(b"HEAD ")
            answer = _read_message(source, is_answer=True, has_body=not head_request) or b""
        head, _, body = answer.partition(b"\r\n\r\n")
        # A site names itself in Location; seen from here it is the proxy.
        ours = head.replace(b"%s:%d" % (self._upstream[0].encode(), self._upstream[1]), b"127.0.0.1:%d" % self.port)
        return ours + b"\r\n\r\n" + body


def _nothing(_message: bytes) -> bool:
    return False


def _read_message(source: BinaryIO, *, is_answer: bool = False, has_body: bool = True) -> bytes | None:
    """One whole request or answer, as its bytes."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = source.readline()
        if not line:
            return None
        head += line
    fields = head.lower().split(b"\r\n")
    if is_answer and head.split(b" ", 2)[1] == b"100":
        return _read_message(source, is_answer=True, has_body=has_body)
    if not has_body:
        return head
    if any(field.startswith(b"transfer-encoding:") and b"chunked" in field for field in fields):
        return head + _read_chunks(source)
    lengths = [int(field.split(b":")[1]) for field in fields if field.startswith(b"content-length:")]
    if lengths:
        return head + source.read(lengths[0])
    closes = any(field.startswith(b"connection:") and b"close" in field for field in fields)
    return head + source.read() if is_answer and closes else head


def _read_chunks(source: BinaryIO) -> bytes:
    body = b""
    while True:
        line = source.readline()
        size = int(line.split(b";")[0], 16)
        body += line + source.read(size) + source.readline()
        if size == 0:
            return body
