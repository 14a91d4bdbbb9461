"""Long downloads. A thread is taken only while a piece is made, never while the client reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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

    def piece(self) -> bytes:
        """PIECE bytes, fewer only at the end, and then none."""
        try:
            found = bytearray(self._rest)
            while len(found) < PIECE and (part := next(self._parts, None)) is not None:
                found += part
        finally:
            close_old_connections()
        self._rest = bytes(found[PIECE:])
        return bytes(found[:PIECE])

    def close(self) -> None:
        self._response.close()


class Streams:
    """`threads` make pieces, for up to `most` downloads at a time."""

    def __init__(self, *, threads: int, most: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="stream")
        self._under_way, self._most = 0, most

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Raises Refused if there are as many as there may be."""
        if self._under_way >= self._most:
            raise Refused(sentence(503, "Too many downloads are under way. Try again in a minute.", retry_after=60))
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def pieces(self, stream: Stream) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        while piece := await loop.run_in_executor(self._pool, stream.piece):
            yield piece

    async def close(self, stream: Stream) -> None:
        """Even if the client has gone, which cancels whatever waits."""
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._pool, stream.close))
