"""A body that is sent on while it comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator

from mantik.server import limits
from mantik.server.answers import sentence
from mantik.server.asgi_types import Message, Receive
from mantik.server.bodies import ClientGone, Refused


class Upload:
    """`is_over`: the whole body was read, so that the client waits for the answer."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.is_over = False
        # Of the next PIECE bytes: how many have come, and how long their client has been waited for.
        self._come, self._waited = 0, 0.0

    async def parts(self) -> AsyncGenerator[bytes]:
        """The body, once. Raises ClientGone, and Refused if the client sends too slowly."""
        while not self.is_over:
            message = await self._next()
            if message["type"] == "http.disconnect":
                raise ClientGone
            self.is_over = not message.get("more_body", False)
            if part := message.get("body", b""):
                self._count(len(part))
                yield part

    async def _next(self) -> Message:
        """The next message. Only waiting for it counts against the client, not sending the part before on."""
        begin = time.monotonic()
        try:
            async with asyncio.timeout(limits.PIECE_SECONDS - self._waited):
                return await self._receive()
        except TimeoutError:
            text = f"Hardly anything of this file came for {limits.PIECE_SECONDS:.0f} s. Send it again."
            raise Refused(sentence(408, text)) from None
        finally:
            self._waited += time.monotonic() - begin

    def _count(self, size: int) -> None:
        self._come += size
        if self._come >= limits.PIECE:
            self._come, self._waited = 0, 0.0
