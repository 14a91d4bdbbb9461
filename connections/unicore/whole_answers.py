"""A time limit for the whole of an answer.

httpcore's own limit is for each silence: a site that sends a byte a second never reaches it.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from mantik.lib.outbound import GuardedBackend


class WholeAnswers(GuardedBackend):
    """Opens connections that raise httpcore.ReadTimeout if an answer is not whole `seconds` after its first byte."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        return _Timed(super().connect_tcp(host, port, timeout, local_address, socket_options), self._seconds)


class _Timed(httpcore.NetworkStream):
    """A connection with a time limit for each answer, which begins with the first byte read after a write.

    There is one request at a time on a connection, so whatever is read after a write is one answer.
    """

    def __init__(self, stream: httpcore.NetworkStream, seconds: float) -> None:
        self._stream = stream
        self._seconds = seconds
        self._deadline: float | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise httpcore.ReadTimeout("The answer takes too long.")
            timeout = left if timeout is None else min(timeout, left)
        content = self._stream.read(max_bytes, timeout)
        if self._deadline is None:
            self._deadline = time.monotonic() + self._seconds
        return content

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._deadline = None
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, timeout), self._seconds)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
