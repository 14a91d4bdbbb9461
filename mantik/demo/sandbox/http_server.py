"""A small HTTP/1.1 server for loopback: keep-alive, one thread per connection, one write per small answer."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qsl, unquote

_CHUNK = 256 * 1024
_MAX_HEAD = 64 * 1024
_MAX_JSON = 64 * 1024 * 1024
_MAX_DRAIN = 8 * 1024 * 1024


class BadRequest(Exception):
    """The bytes on the connection are no HTTP request; it is answered with 400 and closed."""


class Body:
    """The body of one request, read from the connection only when asked for."""

    def __init__(self, source: BinaryIO, headers: Mapping[str, str], connection: socket.socket) -> None:
        self._source = source
        self._connection = connection
        self._is_chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        self._left = 0 if self._is_chunked else _length(headers)
        self._awaits_continue = headers.get("expect", "").lower() == "100-continue"
        self._finished = not self._is_chunked and self._left == 0

    def chunks(self) -> Iterator[bytes]:
        """The content in pieces. Raises `BadRequest` if the client goes away in the middle."""
        self._send_continue()
        yield from self._chunked() if self._is_chunked else self._counted()
        self._finished = True

    def content(self) -> bytes:
        """All of it. Raises `BadRequest` above 64 MB."""
        pieces, size = [], 0
        for piece in self.chunks():
            size += len(piece)
            if size > _MAX_JSON:
                raise BadRequest
            pieces.append(piece)
        return b"".join(pieces)

    def drain(self) -> bool:
        """Skip what the handler left unread; False if that is too much and the connection should be closed."""
        if self._finished:
            return True
        if self._awaits_continue or self._left > _MAX_DRAIN:
            return False
        with contextlib.suppress(BadRequest):
            for _ in self.chunks():
                pass
        return self._finished

    def _send_continue(self) -> None:
        if self._awaits_continue:
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._awaits_continue = False

    def _counted(self) -> Iterator[bytes]:
        while self._left:
            piece = self._source.read(min(self._left, _CHUNK))
            if not piece:
                raise BadRequest
            self._left -= len(piece)
            yield piece

    def _chunked(self) -> Iterator[bytes]:
        while True:
            self._left = _chunk_size(self._source.readline(_MAX_HEAD))
            if self._left == 0:
                break
            yield from self._counted()
            self._source.readline(_MAX_HEAD)
        while self._source.readline(_MAX_HEAD) not in {b"\r\n", b"\n", b""}:
            pass


def _chunk_size(line: bytes) -> int:
    digits = line.split(b";")[0].strip()
    try:
        # Only digits: int() alone would also take a sign.
        return int(digits if digits.isalnum() else b"", 16)
    except ValueError:
        raise BadRequest from None


def _length(headers: Mapping[str, str]) -> int:
    length = headers.get("content-length", "0")
    if not length.isdecimal():
        raise BadRequest
    return int(length)


@dataclass(slots=True)
class Request:
    """One request. `path` is decoded; `headers` has lower-case names; `query` keeps the last of equal names."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Body
    client: str

    @property
    def accepts(self) -> str:
        return self.headers.get("accept", "*/*")


@dataclass(slots=True)
class Response:
    """One answer. With `stream`, `length` bytes are taken from it and `content` is ignored."""

    status: int = 200
    content: bytes = b""
    content_type: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    stream: BinaryIO | None = None
    length: int = 0


def json_response(value: Any, status: int = 200) -> Response:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return Response(status, text.encode(errors="replace"), "application/json")


def error_response(status: int, message: str) -> Response:
    """The error document of a UNICORE server."""
    return json_response({"errorMessage": message, "status": status}, status)


class HttpServer:
    """Serves `handler` on 127.0.0.1 until stopped. `port` 0 picks a free one."""

    def __init__(self, handler: Callable[[Request], Response], port: int = 0) -> None:
        self._handler = handler
        self._listener = socket.create_server(("127.0.0.1", port), backlog=256)
        self.host: str
        self.port: int
        self.host, self.port = self._listener.getsockname()
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def start(self) -> None:
        threading.Thread(target=self._accept, name="sandbox-http", daemon=True).start()

    def stop(self) -> None:
        """Stop listening and cut every open connection."""
        self._stopped = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._stopped:
            try:
                connection, address = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection, address[0]), daemon=True).start()

    def _serve(self, connection: socket.socket, client: str) -> None:
        try:
            with connection, cast(BinaryIO, connection.makefile("rb", buffering=64 * 1024)) as source:
                while not self._stopped and self._serve_one(connection, source, client):
                    pass
        except OSError:
            pass  # the client went away
        finally:
            with self._lock:
                self._connections.discard(connection)

    def _serve_one(self, connection: socket.socket, source: BinaryIO, client: str) -> bool:
        """Answer one request; False when the connection is to be closed."""
        try:
            request = read_request(source, connection, client)
            if request is None:
                return False
            response = self._handler(request)
            keeps = request.body.drain() and request.headers.get("connection", "").lower() != "close"
        except BadRequest:
            write_response(connection, Response(400), "GET", keeps_alive=False)
            return False
        write_response(connection, response, request.method, keeps_alive=keeps)
        return keeps


def read_request(source: BinaryIO, connection: socket.socket, client: str) -> Request | None:
    """The next request on the connection, None if the client has closed it. Raises `BadRequest`."""
    line = source.readline(_MAX_HEAD)
    if not line:
        return None
    try:
        method, target, version = line.decode("latin-1").split()
    except ValueError:
        raise BadRequest from None
    headers = _read_headers(source)
    if version == "HTTP/1.0":
        headers["connection"] = "close"
    path, _, query = target.partition("?")
    values = dict(parse_qsl(query, keep_blank_values=True)) if query else {}
    return Request(method, unquote(path), values, headers, Body(source, headers, connection), client)


def _read_headers(source: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    size = 0
    while (line := source.readline(_MAX_HEAD)) not in {b"\r\n", b"\n"}:
        size += len(line)
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or size > _MAX_HEAD:
            raise BadRequest
        headers[name.lower()] = value.strip()
    return headers


def write_response(connection: socket.socket, response: Response, method: str, *, keeps_alive: bool) -> None:
    """Send head and content; small answers in one write, so that no packet waits for another's ACK."""
    length = response.length if response.stream else len(response.content)
    head = _head(response, length, keeps_alive)
    if method == "HEAD" or response.stream is None:
        connection.sendall(head if method == "HEAD" else head + response.content)
        return
    with response.stream as stream:
        while length > 0 and (piece := stream.read(min(length, _CHUNK))):
            connection.sendall(head + piece)
            head = b""
            length -= len(piece)
        if head:
            connection.sendall(head)
        if length > 0:
            raise OSError("the file shrank while it was sent")


def _head(response: Response, length: int, keeps_alive: bool) -> bytes:
    lines = [_status_line(response.status), f"Date: {formatdate(usegmt=True)}"]
    if response.content_type:
        lines.append(f"Content-Type: {response.content_type}")
    if response.status != 204:
        lines.append(f"Content-Length: {length}")
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if not keeps_alive:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


@lru_cache(maxsize=64)
def _status_line(status: int) -> str:
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = "Unknown"
    return f"HTTP/1.1 {status} {reason}"
