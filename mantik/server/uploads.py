"""A body that is sent on while it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from mantik.server.answers import sentence
from mantik.server.asgi_types import Receive
from mantik.server.bodies import ClientGone, Refused
from mantik.server.limits import PIECE_SECONDS


class Upload:
    """`is_over`: the whole body was read, so that the client waits for the answer."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.is_over = False

    async def parts(self) -> AsyncGenerator[bytes]:
        """The body, once. Raises ClientGone, and Refused if the client sends nothing for too long."""
        while not self.is_over:
            try:
                async with asyncio.timeout(PIECE_SECONDS):
                    message = await self._receive()
            except TimeoutError:
                text = f"Nothing more of this file came for {PIECE_SECONDS:.0f} s. Send it again."
                raise Refused(sentence(408, text)) from None
            if message["type"] == "http.disconnect":
                raise ClientGone
            self.is_over = not message.get("more_body", False)
            if part := message.get("body", b""):
                yield part
