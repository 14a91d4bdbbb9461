"""Downloads that are given up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from threading import Event

import pytest

from mantik.server.streams import InThreads, Streams
from tests.support.loops import run_apart


class Response:
    """A streaming response whose end takes as long as the test wants."""

    def __init__(self) -> None:
        self.is_closing, self.may_close = Event(), Event()

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"content"])

    def close(self) -> None:
        self.is_closing.set()
        assert self.may_close.wait(60)


def test_a_download_that_is_cancelled_while_it_is_closed_does_not_count_any_more() -> None:
    streams, first, second = Streams(threads=2, most=1, most_each=1), Response(), Response()

    async def download(response: Response) -> bytes:
        async with streams.pieces_of(InThreads(response, "ada")) as pieces:
            return b"".join([piece async for piece in pieces])

    async def one_after_the_other() -> bytes:
        task = asyncio.ensure_future(download(first))
        await asyncio.to_thread(first.is_closing.wait, 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        first.may_close.set()
        second.may_close.set()
        return await download(second)

    assert run_apart(one_after_the_other()) == b"content"
