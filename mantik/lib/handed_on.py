"""Answers that another server gives. The web server's front asks for them in its event loop, where waiting holds no
thread (mantik/server/front.py).

The view decides whether the request may be handed on, and as what; then Django is done with it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from mantik.lib.downloads import Download
from mantik.lib.loop import in_loop, iterate

Body = AsyncIterator[bytes]


@dataclass(frozen=True)
class Given:
    """An answer: `body`, or `download`, whose `pieces` are asked for at most once; it is closed in any case.

    `then` is called once `body` is sent, in a thread that may use the database: with whether the client was there.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    download: Download | None = None
    then: Callable[[bool], None] | None = None


class HandedOn(HttpResponse):
    """`ask` is called once, in the loop of `mantik.lib.loop`, with the body of the request: it raises nothing.

    The body is empty, except for an upload (`mantik.server.front`). `reader`: whose it is, for limits.
    """

    def __init__(self, ask: Callable[[Body], Awaitable[Given]], *, reader: str) -> None:
        super().__init__()
        self.ask, self.reader = ask, reader


def finished(response: HttpResponseBase, body: bytes = b"") -> HttpResponseBase:
    """`response`, whose answer a thread has waited for if it is handed on: under another web server, and in tests."""
    if not isinstance(response, HandedOn):
        return response
    given = in_loop(_ask(response, body))
    if given.download is None:
        if given.then is not None:
            given.then(True)
        return HttpResponse(given.body, status=given.status, headers=given.headers)
    return _Downloaded(given.download, status=given.status, headers=given.headers)


class _Downloaded(StreamingHttpResponse):
    def __init__(self, download: Download, **options: Any) -> None:
        super().__init__(iterate(download.pieces), **options)
        self._download = download

    def close(self) -> None:
        self._download.close()
        super().close()


async def _ask(response: HandedOn, body: bytes) -> Given:
    return await response.ask(_once(body))


async def _once(body: bytes) -> AsyncGenerator[bytes]:
    if body:
        yield body
