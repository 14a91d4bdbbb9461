"""A front with narrow limits before a few pages: `granian --interface asgi tests.mantik.server.example:application`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

from mantik.server import limits
from mantik.server.bodies import Bodies
from mantik.server.front import Front
from mantik.server.pages import Pages
from mantik.server.streams import Streams
from tests.mantik.server.limits import (
    BODY,
    BODY_SECONDS,
    DOWNLOADS,
    PIECE_SECONDS,
    QUEUE,
    QUEUE_SECONDS,
    ROOM,
    SLOW_SECONDS,
    THREADS,
)

PIECE = b"0123456789abcdef" * 4096


def echo(request: HttpRequest, **_: str) -> HttpResponse:
    meta = {name: str(value) for name, value in request.META.items() if name.isupper()}
    return JsonResponse({"body": request.body.decode("latin-1"), "path": request.path, "meta": meta})


def slow(_request: HttpRequest) -> HttpResponse:
    time.sleep(SLOW_SECONDS)
    return HttpResponse("slow")


def large(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(PIECE * 300)


def endless(_request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(_Endless())


class _Endless:
    """Leaves a file behind when it is closed."""

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield PIECE

    def close(self) -> None:
        with Path(os.environ["CLOSED"]).open("a") as file:
            file.write("closed\n")


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
]
settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, DATABASES={}, LOGGING_CONFIG=None, SECRET_KEY="example")
django_application = get_wsgi_application()


def with_a_fault(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    if environ["PATH_INFO"] == "/outside":
        raise RuntimeError("a fault outside of Django")
    return django_application(environ, start_response)


limits.PIECE_SECONDS = PIECE_SECONDS
application = Front(
    bodies=Bodies(most=BODY, seconds=BODY_SECONDS, room=ROOM),
    pages=Pages(with_a_fault, threads=THREADS, most_waiting=QUEUE, seconds=QUEUE_SECONDS),
    streams=Streams(threads=1, most=DOWNLOADS),
)
