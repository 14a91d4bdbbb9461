"""Answers that take long to send. The web server's front sends them without a thread (mantik/server/streams.py).

The view asks whether the reader may have it, and opens it; then Django is done with the request.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from typing import Any, Protocol

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header

from mantik.lib.loop import iterate


class Download(Protocol):
    def pieces(self) -> AsyncGenerator[bytes]:
        """Called once, in the event loop of `mantik.lib.loop`."""

    def close(self) -> None:
        """Called in a thread, whether or not `pieces` was, and after it."""


class LongResponse(StreamingHttpResponse):
    """`reader`: whose it is, for limits on downloads; "" if nobody is signed in."""

    def __init__(self, request: HttpRequest, content: Iterable[bytes], **options: Any) -> None:
        super().__init__(content, **options)
        self.reader = _reader(request)


class DownloadResponse(LongResponse):
    """`download` as a file. `size` is in bytes, None if it is not known; without a `name`, clients choose one."""

    def __init__(
        self,
        request: HttpRequest,
        download: Download,
        *,
        size: int | None,
        name: str = "",
        content_type: str = "application/octet-stream",
    ) -> None:
        # A job wrote this file: it must never run as a page of Mantik.
        headers = {
            "Content-Security-Policy": "sandbox",
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": content_disposition_header(as_attachment=True, filename=name) or "",
        }
        if size is not None:
            headers["Content-Length"] = str(size)
        super().__init__(request, iterate(download.pieces), content_type=content_type, headers=headers)
        self.download = download

    def close(self) -> None:
        self.download.close()
        super().close()


def _reader(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    return f"user {user.pk}" if user is not None and user.is_authenticated else ""
