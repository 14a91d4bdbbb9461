"""Long downloads: pieces of what somebody else sends come in the event loop, all others are made in a few threads.

A thread is taken only while a piece is made, never while the client reads.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager, contextmanager
from contextvars import Context
from threading import Lock
from typing import Any, Protocol

from django.db import close_old_connections

from mantik.lib.downloads import Download, DownloadResponse, LongResponse
from mantik.server.answers import sentence
from mantik.server.bodies import Refused
from mantik.server.limits import PIECE


class Stream(Protocol):
    """A long answer of Django's. `reader`: whose it is."""

    reader: str

    def pieces(self, pool: ThreadPoolExecutor, /) -> AsyncGenerator[bytes]:
        """`pool` has the threads in which pieces may be made."""

    def close(self) -> None:
        """In a thread, when no more pieces are asked for."""


def stream_of(response: Any, *, address: str) -> Stream:
    """`address` is that of the client, or of a proxy: those who are not signed in share what one reader may have."""
    reader = (response.reader if isinstance(response, LongResponse) else "") or f"address {address}"
    return InLoop(response, reader) if isinstance(response, DownloadResponse) else InThreads(response, reader)


class InLoop:
    def __init__(self, response: DownloadResponse, reader: str) -> None:
        self.reader, self._response = reader, response

    def pieces(self, _pool: ThreadPoolExecutor, /) -> AsyncGenerator[bytes]:
        return self._response.download.pieces()

    def close(self) -> None:
        self._response.close()


class GivenDownload:
    """A file that another server gives."""

    def __init__(self, given: Download, reader: str) -> None:
        self.reader, self._given = reader, given

    def pieces(self, _pool: ThreadPoolExecutor, /) -> AsyncGenerator[bytes]:
        return self._given.pieces()

    def close(self) -> None:
        self._given.close()


class InThreads:
    """The pieces of a streaming response of Django's, which has to be closed in the end.

    Each piece may be made in another thread, so what is streamed must not hold a cursor of the database from one to the
    next.
    """

    def __init__(self, response: Any, reader: str) -> None:
        self.reader, self._response = reader, response
        self._parts: Iterator[bytes] = iter(response)
        self._rest = b""
        # The server may give up a download while a piece of it is made.
        self._lock = Lock()
        # What log lines say of the request, whichever thread writes them.
        self._context = Context()

    async def pieces(self, pool: ThreadPoolExecutor, /) -> AsyncGenerator[bytes]:
        loop = asyncio.get_running_loop()
        while piece := await loop.run_in_executor(pool, self._piece):
            yield piece

    def close(self) -> None:
        with self._lock:
            self._context.run(self._response.close)

    def _piece(self) -> bytes:
        """PIECE bytes, fewer only at the end, and then none."""
        with self._lock:
            return self._context.run(self._made)

    def _made(self) -> bytes:
        try:
            found = bytearray(self._rest)
            while len(found) < PIECE and (part := next(self._parts, None)) is not None:
                found += part
        finally:
            close_old_connections()
        self._rest = bytes(found[PIECE:])
        return bytes(found[:PIECE])


class Streams:
    """Up to `most` downloads at a time, `most_each` of one reader; `threads` make the pieces of some."""

    def __init__(self, *, threads: int, most: int, most_each: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="stream")
        self._most, self._most_each = most, most_each
        self._under_way: Counter[str] = Counter()

    @asynccontextmanager
    async def pieces_of(self, stream: Stream) -> AsyncIterator[AsyncIterator[bytes]]:
        """The pieces of `stream`, which is closed in the end.

        Raises Refused if there are as many downloads as there may be.
        """
        try:
            with self.counted(stream.reader):
                async with aclosing(stream.pieces(self._pool)) as pieces:
                    yield pieces
        finally:
            await self._close(stream)

    @contextmanager
    def counted(self, reader: str) -> Iterator[None]:
        """Around one download or upload. Raises Refused if there are as many as there may be."""
        if self._under_way[reader] >= self._most_each:
            raise _too_many("You are sending or receiving too many files at once. Try again when one of them is done.")
        if self._under_way.total() >= self._most:
            raise _too_many("Mantik is sending and receiving too many files at the moment. Try again in a minute.")
        self._under_way[reader] += 1
        try:
            yield
        finally:
            self._under_way[reader] -= 1
            # Those with none are forgotten.
            self._under_way = +self._under_way

    async def _close(self, stream: Stream) -> None:
        """Even if the server cancels the request, as some do when the client has gone."""
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._pool, stream.close))


def _too_many(text: str) -> Refused:
    return Refused(sentence(503, text, retry_after=60))
