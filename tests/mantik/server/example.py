"""A front with narrow limits before a few pages: `granian --interface asgi tests.mantik.server.example:application`."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

from mantik.lib.downloads import DownloadResponse, LongResponse
from mantik.lib.handed_on import Body, Given, HandedOn
from mantik.server import limits
from mantik.server.bodies import Bodies
from mantik.server.front import Front
from mantik.server.pages import Pages
from mantik.server.streams import Streams
from tests.mantik.server.limits import (
    BODY,
    BODY_SECONDS,
    DOWNLOADS,
    DOWNLOADS_EACH,
    PIECE_SECONDS,
    QUEUE,
    QUEUE_SECONDS,
    ROOM,
    SLOW_SECONDS,
    THREADS,
)

Response = TypeVar("Response", bound=LongResponse)
PIECE = b"0123456789abcdef" * 4096


def echo(request: HttpRequest, **_: str) -> HttpResponse:
    meta = {name: str(value) for name, value in request.META.items() if name.isupper()}
    return JsonResponse({"body": request.body.decode("latin-1"), "path": request.path, "meta": meta})


def slow(_request: HttpRequest) -> HttpResponse:
    time.sleep(SLOW_SECONDS)
    return HttpResponse("slow")


def large(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(PIECE * 300)


def endless(request: HttpRequest) -> StreamingHttpResponse:
    return as_reader(request, LongResponse(request, _Endless()))


def as_reader(request: HttpRequest, response: Response) -> Response:
    response.reader = request.GET.get("reader", response.reader)
    return response


class _Endless:
    """Leaves a file behind when it is closed."""

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield PIECE

    def close(self) -> None:
        note("closed")


def note(word: str) -> None:
    with Path(os.environ["CLOSED"]).open("a") as file:
        file.write(f"{word}\n")


class Sent:
    """Comes by itself, in the loop; with "silent", never to its end."""

    def __init__(self, *, is_silent: bool) -> None:
        self.is_silent = is_silent

    async def pieces(self) -> AsyncGenerator[bytes]:
        for _ in range(300):
            yield PIECE
            if self.is_silent:
                await asyncio.sleep(600)

    def close(self) -> None:
        _Endless().close()


def sent(request: HttpRequest) -> DownloadResponse:
    download = Sent(is_silent="silent" in request.GET)
    return as_reader(request, DownloadResponse(request, download, size=len(PIECE) * 300, name="a file.bin"))


def broken(_request: HttpRequest) -> StreamingHttpResponse:
    def pieces() -> Iterator[bytes]:
        yield PIECE
        raise RuntimeError("MLflow is gone")

    return StreamingHttpResponse(pieces())


def failing(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a fault of the page")


def not_modified(_request: HttpRequest) -> FileResponse:
    """As WhiteNoise says that the browser has it already."""
    return FileResponse((), status=304)


urlpatterns = [
    path("not-modified", not_modified),
    path("broken", broken),
    path("failing", failing),
    path("echo/<path:rest>", echo),
    path("slow", slow),
    path("large", large),
    path("endless", endless),
    path("sent", sent),
]
settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, DATABASES={}, LOGGING_CONFIG=None, SECRET_KEY="example")
django_application = get_wsgi_application()


async def taken(body: Body) -> Given:
    """Says how much came, slowly if it was nothing, and notes whether somebody was there to hear that."""
    size = 0
    try:
        async for part in body:
            if not size:
                note("begun")
            size += len(part)
    finally:
        note("closed")
    await asyncio.sleep(SLOW_SECONDS if not size else 0)

    return Given(200, {}, f"{size} bytes".encode(), then=lambda is_there: note("answered" if is_there else "left"))


async def given_file(_: Body) -> Given:
    return Given(200, {}, download=_EndlessFile())


class _EndlessFile:
    async def pieces(self) -> AsyncGenerator[bytes]:
        while True:
            # As one that comes over a connection, it lets others have the loop meanwhile.
            await asyncio.sleep(0)
            yield PIECE

    def close(self) -> None:
        note("closed")


def with_a_fault(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    if environ["PATH_INFO"] == "/outside":
        raise RuntimeError("a fault outside of Django")
    if environ["PATH_INFO"].startswith("/tracking/"):
        ask = given_file if environ["REQUEST_METHOD"] == "GET" else taken
        return HandedOn(ask, reader=environ["QUERY_STRING"])
    return django_application(environ, start_response)


limits.PIECE_SECONDS = PIECE_SECONDS
pages = Pages(with_a_fault, threads=THREADS, most_waiting=QUEUE, seconds=QUEUE_SECONDS)
application = Front(
    bodies=Bodies(most=BODY, seconds=BODY_SECONDS, room=ROOM),
    pages=pages,
    tracking=pages,
    streams=Streams(threads=1, most=DOWNLOADS, most_each=DOWNLOADS_EACH),
)
