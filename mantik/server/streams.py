"""Long downloads. A thread is taken only while a piece is made, never while the client reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from contextvars import Context
from threading import Lock
from typing import Any

from django.db import close_old_connections

from mantik.server.answers import sentence
from mantik.server.bodies import Refused
from mantik.server.limits import PIECE


class Stream:
    """The pieces of a streaming response of Django's, which has to be closed in the end.

    Each piece may be made in another thread, so what is streamed must not hold a cursor of the database from one to the
    next.
    """

    def __init__(self, response: Any) -> None:
        self._response = response
        self._parts: Iterator[bytes] = iter(response)
        self._rest = b""
        # The server may give up a download while a piece of it is made.
        self._lock = Lock()
        # What log lines say of the request, whichever thread writes them.
        self._context = Context()

    def piece(self) -> bytes:
        """PIECE bytes, fewer only at the end, and then none."""
        with self._lock:
            return self._context.run(self._piece)

    def close(self) -> None:
        with self._lock:
            self._context.run(self._response.close)

    def _piece(self) -> bytes:
        try:
            found = bytearray(self._rest)
            while len(found) < PIECE and (part := next(self._parts, None)) is not None:
                found += part
        finally:
            close_old_connections()
        self._rest = bytes(found[PIECE:])
        return bytes(found[:PIECE])


class Streams:
    """`threads` make pieces, for up to `most` downloads at a time."""

    def __init__(self, *, threads: int, most: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="stream")
        self._under_way, self._most = 0, most

    @asynccontextmanager
    async def pieces_of(self, stream: Stream) -> AsyncIterator[AsyncIterator[bytes]]:
        """The pieces of `stream`, which is closed in the end.

        Raises Refused if there are as many downloads as there may be.
        """
        if self._under_way >= self._most:
            await self._close(stream)
            raise Refused(sentence(503, "Too many downloads are under way. Try again in a minute.", retry_after=60))
        self._under_way += 1
        try:
            async with aclosing(self._pieces(stream)) as pieces:
                yield pieces
        finally:
            # First: the wait for the end may be cancelled, too.
            self._under_way -= 1
            await self._close(stream)

    async def _pieces(self, stream: Stream) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        while piece := await loop.run_in_executor(self._pool, stream.piece):
            yield piece

    async def _close(self, stream: Stream) -> None:
        """Even if the server cancels the request, as some do when the client has gone."""
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._pool, stream.close))
