"""How long a page may wait for what is outside: two seconds in all, whatever it asks, and however slow the answers are.

A page holds one of the few threads of the web server, and somebody looks at an empty window meanwhile. Workers, and
downloads that have begun, wait for as long as is usual.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ssl import SSLContext
from threading import BoundedSemaphore
from typing import Any

import httpcore
from django.http import HttpRequest, HttpResponse

PAGE_SECONDS = 2.0
# A socket without any time does not wait at all, and says so in another way.
_LEAST = 0.001
# None where no page waits.
_left: ContextVar[float | None] = ContextVar("left", default=None)


class PatienceMiddleware:
    """Whatever the page asks shares PAGE_SECONDS. What is streamed afterwards does not count."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _left.set(PAGE_SECONDS)
        try:
            return self._get_response(request)
        finally:
            _left.reset(token)


def is_page() -> bool:
    """Whether a page waits for what is done now."""
    return _left.get() is not None


@contextmanager
def waiting(usual: float | None) -> Iterator[float | None]:
    """Around one wait: its time-out in seconds, `usual` or what the page has left. What it takes is counted."""
    left = _left.get()
    if left is None:
        yield usual
        return
    begin = time.monotonic()
    try:
        yield max(_LEAST, left if usual is None else min(usual, left))
    finally:
        _left.set(max(0.0, left - (time.monotonic() - begin)))


class NoSeat(Exception):
    """As many pages wait already as may."""


class Seats:
    """For what takes longer than pages may, because somebody asks for just that: only `most` of a process wait."""

    def __init__(self, most: int) -> None:
        self._free = BoundedSemaphore(most)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Raises NoSeat. Where no page waits, there is always one."""
        if not is_page():
            yield
            return
        if not self._free.acquire(blocking=False):
            raise NoSeat
        try:
            yield
        finally:
            self._free.release()


class PatientBackend(httpcore.SyncBackend):
    """For an httpcore pool: every wait of its connections, also for the next byte, is one of the page's."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        with waiting(timeout) as seconds:
            return _Patient(super().connect_tcp(host, port, seconds, local_address, socket_options))


class _Patient(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with waiting(timeout) as seconds:
            return self._stream.read(max_bytes, seconds)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with waiting(timeout) as seconds:
            self._stream.write(buffer, seconds)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        with waiting(timeout) as seconds:
            return _Patient(self._stream.start_tls(ssl_context, server_hostname, seconds))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
