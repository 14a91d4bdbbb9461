"""Pages: the WSGI application, run in a few threads, behind a queue with an end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

from django.db import close_old_connections
from django.http import FileResponse

from mantik.lib.handed_on import HandedOn
from mantik.server.answers import Answer, Headers, sentence
from mantik.server.asgi_types import Message, Scope
from mantik.server.bodies import ClientGone, Refused
from mantik.server.environ import wsgi_environ
from mantik.server.streams import Stream, stream_of

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Any]
# A file up to this size, such as a picture or a style sheet, is read at once in the page's thread.
SMALL = 512 * 1024


@dataclass(frozen=True)
class Streamed:
    status: int
    headers: Headers
    stream: Stream


Outcome = Answer | Streamed | HandedOn


class Pages:
    """`threads` pages at a time; up to `most_waiting` requests wait for their turn, each up to `seconds`."""

    def __init__(self, application: WsgiApplication, *, threads: int, most_waiting: int, seconds: float) -> None:
        self._application = application
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="page")
        self._free = asyncio.Semaphore(threads)
        self._waiting, self._most_waiting, self._seconds = 0, most_waiting, seconds

    async def answer(self, scope: Scope, body: bytes, *, leaving: asyncio.Future[Message]) -> Outcome:
        """Raises Refused if no thread becomes free in time, and ClientGone if `leaving` is done before one does."""
        async with self._turn(leaving):
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._run, wsgi_environ(scope, body))

    @asynccontextmanager
    async def _turn(self, leaving: asyncio.Future[Message]) -> AsyncIterator[None]:
        if self._waiting >= self._most_waiting:
            raise _busy()
        self._waiting += 1
        try:
            await self._wait(leaving)
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()

    async def _wait(self, leaving: asyncio.Future[Message]) -> None:
        """Until a thread is free, which is taken then."""
        turn = asyncio.ensure_future(self._free.acquire())
        either: set[asyncio.Future[Any]] = {turn, leaving}
        try:
            await asyncio.wait(either, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            # `asyncio.wait` leaves `turn` as it is.
            if not turn.cancel():
                self._free.release()
            raise
        if not turn.done():
            turn.cancel()
            raise ClientGone if leaving.done() else _busy()

    def _run(self, environ: dict[str, Any]) -> Outcome:
        begun: list[tuple[int, Headers]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
            encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            begun[:] = [(int(status.split(" ", 1)[0]), encoded)]

        response = self._application(environ, start_response)
        if isinstance(response, HandedOn):
            return response
        if _is_long(response):
            # Its pieces are made in other threads; this one does not keep its connection for them.
            close_old_connections()
            return Streamed(*begun[0], stream_of(response, address=environ["REMOTE_ADDR"]))
        try:
            body = b"".join(cast("Iterator[bytes]", response))
        finally:
            if hasattr(response, "close"):
                response.close()
        return Answer(begun[0][0], body, begun[0][1])


def _is_long(response: Any) -> bool:
    if not getattr(response, "streaming", False):
        return False
    if not isinstance(response, FileResponse):
        return True
    # Without a file there is nothing to send: the browser has it already, or has asked for the headers alone.
    return response.file_to_stream is not None and int(response.headers.get("Content-Length", SMALL + 1)) > SMALL


def _busy() -> Refused:
    return Refused(sentence(503, "Mantik has too much to do at the moment. Try again in a few seconds.", retry_after=3))
