"""An answer on its way to the client, piece by piece, each within a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from mantik.server import limits
from mantik.server.asgi_types import Message, Send

Headers = Sequence[tuple[bytes, bytes]]


class TooSlow(Exception):
    """The client does not read what is sent to it."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Headers = field(default_factory=tuple)


def sentence(status: int, text: str, *, retry_after: int = 0) -> Answer:
    """An answer of one line, which does not need Django. `retry_after` is in seconds; 0 leaves the header out."""
    body = f"{text}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        # What is left of a body was not read.
        (b"connection", b"close"),
    ]
    if retry_after:
        headers.append((b"retry-after", str(retry_after).encode()))
    return Answer(status, body, headers)


async def send_answer(send: Send, answer: Answer) -> None:
    """Raises TooSlow."""
    await send_start(send, answer.status, answer.headers)
    if len(answer.body) <= limits.PIECE:
        await _send_body(send, answer.body, more_body=False)
        return
    for start in range(0, len(answer.body), limits.PIECE):
        await send_piece(send, answer.body[start : start + limits.PIECE])
    await send_end(send)


async def send_stream(
    send: Send, status: int, headers: Headers, pieces: AsyncIterator[bytes], *, leaving: asyncio.Future[Message]
) -> None:
    """Stops when `leaving` is done, as the client is gone: the server only throws away what is sent then.

    Raises TooSlow, and whatever `pieces` raises: then the client sees a connection that breaks off.
    """
    await send_start(send, status, headers)
    try:
        async with asyncio.timeout(None) as while_there, _ended_by(leaving, while_there):
            async for piece in pieces:
                await send_piece(send, piece)
            await send_end(send)
    except TimeoutError:
        if not leaving.done():
            raise


@asynccontextmanager
async def _ended_by(leaving: asyncio.Future[Message], while_there: asyncio.Timeout) -> AsyncIterator[None]:
    def end(_: asyncio.Future[Message]) -> None:
        # It may be over just now.
        with suppress(RuntimeError):
            while_there.reschedule(0)

    leaving.add_done_callback(end)
    try:
        yield
    finally:
        leaving.remove_done_callback(end)


async def send_start(send: Send, status: int, headers: Headers) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def send_piece(send: Send, piece: bytes) -> None:
    """Raises TooSlow."""
    await _send_body(send, piece, more_body=True)


async def send_end(send: Send) -> None:
    """Raises TooSlow."""
    await _send_body(send, b"", more_body=False)


async def _send_body(send: Send, body: bytes, *, more_body: bool) -> None:
    try:
        async with asyncio.timeout(limits.PIECE_SECONDS):
            await send({"type": "http.response.body", "body": body, "more_body": more_body})
    except TimeoutError:
        raise TooSlow from None
