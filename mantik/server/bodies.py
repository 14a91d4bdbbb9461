"""The body of a request, read before a thread is taken: within a size, a time, and the room there is for all bodies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from mantik.lib.humanize import filesize
from mantik.server.answers import Answer, sentence
from mantik.server.asgi_types import Receive, Scope
from mantik.server.limits import DISCARD_PAUSE_SECONDS, DISCARD_SECONDS, MOST_DISCARDED, UNCOUNTED_BYTES_PER_BODY


class ClientGone(Exception):
    """The client hung up before its request was complete, or before its turn came."""


class Refused(Exception):
    """`answer` is what the client gets instead of a page. `is_sending`: it has more to send."""

    def __init__(self, answer: Answer, *, is_sending: bool = False) -> None:
        super().__init__(answer.status)
        self.answer, self.is_sending = answer, is_sending


class Bodies:
    """`most` bytes are taken of one body, within `seconds`; all bodies at a time may have `room` bytes together."""

    def __init__(self, *, most: int, seconds: float, room: int) -> None:
        self._most, self._seconds, self._room = most, seconds, room
        self._held = 0

    @asynccontextmanager
    async def received(self, scope: Scope, receive: Receive) -> AsyncIterator[bytes]:
        """The whole body, which takes its part of the room as long as the context is open.

        Raises Refused and ClientGone.
        """
        body = bytearray()
        try:
            self._check(_declared(scope))
            await self._collect(receive, body)
            yield bytes(body)
        finally:
            self._held -= _charged(len(body))

    async def _collect(self, receive: Receive, body: bytearray) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                while await self._take(receive, body):
                    pass
        except TimeoutError:
            text = f"This request was not complete after {self._seconds:.0f} s. Send it again."
            raise Refused(sentence(408, text)) from None

    async def _take(self, receive: Receive, body: bytearray) -> bool:
        """Whether more is to come."""
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part: bytes = message.get("body", b"")
        self._check(len(body) + len(part))
        charged = _charged(len(body) + len(part)) - _charged(len(body))
        if charged and self._held + charged > self._room:
            text = "Too much is being sent to Mantik at the moment. Try again."
            raise Refused(sentence(503, text, retry_after=5), is_sending=True)
        body += part
        self._held += charged
        return bool(message.get("more_body", False))

    def _check(self, size: int) -> None:
        if size > self._most:
            text = f"This request has more than {filesize(self._most)}, the most that a page of Mantik takes."
            raise Refused(sentence(413, text), is_sending=True)


async def discard(receive: Receive) -> None:
    """Read what a client still sends, within limits: it reads the answer only then, and loses it if we hang up."""
    read = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_SECONDS):
            while read < MOST_DISCARDED:
                async with asyncio.timeout(DISCARD_PAUSE_SECONDS):
                    message = await receive()
                if not message.get("more_body", False):
                    return
                read += len(message.get("body", b""))


def _charged(size: int) -> int:
    return max(0, size - UNCOUNTED_BYTES_PER_BODY)


def _declared(scope: Scope) -> int:
    """The size that the request announces; 0 if it does not, or not with a number: then its bytes are counted."""
    value = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(value) if value.isdigit() and len(value) < 20 else 0
