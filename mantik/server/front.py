"""The ASGI application that the web server runs: in front of Django, which is behind `Pages`.

Below `TRACKING` are the calls of MLflow's clients. They have threads of their own, which only decide: what MLflow
answers, and the files that are sent to it, pass through the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import structlog
from django.db import close_old_connections

from mantik.lib.gathering import Gathering
from mantik.lib.handed_on import Given, HandedOn
from mantik.lib.loop import use
from mantik.server.answers import Answer, TooSlow, send_answer, send_end, send_piece, send_start, send_stream
from mantik.server.asgi_types import Message, Receive, Scope, Send
from mantik.server.bodies import Bodies, ClientGone, Refused, discard
from mantik.server.pages import Pages, Streamed
from mantik.server.streams import GivenDownload, Streams
from mantik.server.uploads import Upload

log = structlog.get_logger(__name__)

TRACKING = "/tracking/"
_ALIVE = Answer(200, b"ok\n", [(b"content-type", b"text/plain"), (b"content-length", b"3")])


class Front:
    """Answers /healthz itself, so that it tells only whether this process lives, however busy its pages are."""

    def __init__(
        self,
        *,
        bodies: Bodies,
        pages: Pages,
        tracking: Pages,
        streams: Streams,
        gathered: Sequence[Gathering[Any]] = (),
    ) -> None:
        """`gathered`: stored while the server lives."""
        self._bodies, self._pages, self._tracking, self._streams = bodies, pages, tracking, streams
        self._gathered = gathered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        use(asyncio.get_running_loop())
        while True:
            message = await receive()
            for gathering in self._gathered:
                is_end = message["type"] == "lifespan.shutdown"
                await asyncio.to_thread(gathering.stop if is_end else gathering.start)
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._answer_or_refuse(scope, receive, send)
        except ClientGone:
            pass
        except TooSlow:
            log.warning("client_too_slow", **_about(scope))
        except Exception:
            # If the answer has begun, the server breaks the connection off; else it answers 500.
            log.exception("request_broke_off", **_about(scope))

    async def _answer_or_refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/healthz" and scope["method"] in ("GET", "HEAD"):
            await send_answer(send, _ALIVE)
            return
        try:
            if not scope["path"].startswith(TRACKING):
                await self._page(self._pages, scope, receive, send)
            elif scope["method"] == "PUT":
                await self._upload(scope, receive, send)
            else:
                await self._page(self._tracking, scope, receive, send)
        except Refused as refused:
            log.warning("request_refused", status=refused.answer.status, **_about(scope))
            await _refuse(refused, receive, send)

    async def _page(self, pages: Pages, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._bodies.received(scope, receive) as body:
            # The body is read, so all that can still be received is that the client has gone.
            leaving = asyncio.ensure_future(receive())
            try:
                answer = await pages.answer(scope, body, leaving=leaving)
            except BaseException:
                leaving.cancel()
                raise
        try:
            await self._send(answer, send, leaving)
        finally:
            leaving.cancel()

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A body that is not read before it is decided where it goes."""
        upload = Upload(receive)
        try:
            answer = await self._answer_to(upload, scope)
        except Refused as refused:
            answer = refused.answer
        if not upload.is_over:
            raise Refused(answer, is_sending=True)
        await send_answer(send, answer)

    async def _answer_to(self, upload: Upload, scope: Scope) -> Answer:
        never: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        answer = await self._tracking.answer(scope, b"", leaving=never)
        if isinstance(answer, HandedOn):
            with self._streams.counted(answer.reader):
                answer = _as_answer(await answer.ask(upload.parts()))
        assert isinstance(answer, Answer)
        return answer

    async def _send(self, answer: Answer | Streamed | HandedOn, send: Send, leaving: asyncio.Future[Message]) -> None:
        if isinstance(answer, HandedOn):
            given = await answer.ask(_nothing())
            if given.download is None:
                await _hand_over(given, send, leaving)
                return
            answer = Streamed(given.status, _headers(given), GivenDownload(given.download, answer.reader))
        if isinstance(answer, Answer):
            await send_answer(send, answer)
            return
        async with self._streams.pieces_of(answer.stream) as pieces:
            await send_stream(send, answer.status, answer.headers, pieces, leaving=leaving)


async def _hand_over(given: Given, send: Send, leaving: asyncio.Future[Message]) -> None:
    # Nobody can tell whether it arrives; but whoever has gone by now does not get it.
    is_there = not leaving.done()
    try:
        await send_answer(send, _as_answer(given))
    except BaseException:
        is_there = False
        raise
    finally:
        if given.then is not None:
            await asyncio.shield(asyncio.to_thread(_with_database, given.then, is_there))


def _with_database(then: Callable[[bool], None], is_there: bool) -> None:
    try:
        then(is_there)
    finally:
        close_old_connections()


def _as_answer(given: Given) -> Answer:
    return Answer(given.status, given.body, [*_headers(given), (b"content-length", str(len(given.body)).encode())])


def _headers(given: Given) -> list[tuple[bytes, bytes]]:
    return [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in given.headers.items()
        if given.download is not None or name.lower() != "content-length"
    ]


async def _nothing() -> AsyncGenerator[bytes]:
    nothing: tuple[bytes, ...] = ()
    for part in nothing:
        yield part


async def _refuse(refused: Refused, receive: Receive, send: Send) -> None:
    if not refused.is_sending:
        await send_answer(send, refused.answer)
        return
    await send_start(send, refused.answer.status, refused.answer.headers)
    # But for its last byte, so that the server does not take it for complete and hang up on who still sends.
    await send_piece(send, refused.answer.body[:-1])
    await discard(receive)
    await send_piece(send, refused.answer.body[-1:])
    await send_end(send)


def _about(scope: Scope) -> dict[str, str]:
    """For log lines. Paths may hold tokens."""
    return {"method": scope["method"], "ip": (scope.get("client") or ("",))[0]}
