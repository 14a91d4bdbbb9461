"""Files as MLflow sends them, for readers who may be slow: in an event loop, where waiting holds no thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import httpx

from connections.mlflow.breaker import breaker_of
from connections.mlflow.clients import configured
from connections.mlflow.parsing import error_in, not_there
from connections.mlflow.places import Address
from connections.mlflow.transport import MAX_ERROR_BYTES, TIMEOUT, client_options, size_of, tracking_errors
from mantik.lib import patience
from mantik.lib.loop import in_loop

# A download keeps its connection for as long as its reader takes. More than the web server has at a time
# (mantik/server/limits.py): none waits for another.
_LIMITS = httpx.Limits(max_connections=96, max_keepalive_connections=8, keepalive_expiry=3)


class OpenFile:
    """A file that MLflow has begun to send. `size` is in bytes, None if MLflow does not say."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.size = size_of(response)

    async def pieces(self) -> AsyncGenerator[bytes]:
        """The content, once. Raises TrackingUnavailable if the connection is lost meanwhile."""
        with tracking_errors():
            async for piece in self._response.aiter_raw():
                yield piece

    async def aclose(self) -> None:
        await self._response.aclose()

    def close(self) -> None:
        """From a thread, as mantik/lib/downloads.py asks for it."""
        in_loop(self.aclose())


def files() -> Files:
    """This process's client for the configured server."""
    return configured(Files)


class Files:
    """Both ways to open a file raise TrackingUnavailable (try later) or TrackingRefused."""

    def __init__(self, *, uri: str, token: str = "") -> None:
        self._breaker = breaker_of(uri)
        self._client = httpx.AsyncClient(limits=_LIMITS, **client_options(uri, token))

    def open_now(self, address: Address) -> OpenFile:
        """From a thread, which waits for the first byte; a page for as long as pages may."""
        usual = TIMEOUT.read
        with self._breaker.asking(), patience.waiting(usual) as seconds:
            return in_loop(self.open(address, seconds=seconds))

    async def open(self, address: Address, *, seconds: float | None = TIMEOUT.read) -> OpenFile:
        """In the loop."""
        with tracking_errors():
            async with asyncio.timeout(seconds):
                request = self._client.build_request("GET", address.path, params=dict(address.query))
                response = await self._client.send(request, stream=True)
                if response.is_success:
                    return OpenFile(response)
                try:
                    await _read_some(response)
                finally:
                    await response.aclose()
        if address.is_served and response.status_code in (400, 404):
            raise not_there(address.doing)
        raise error_in(response, doing=address.doing)


async def _read_some(response: httpx.Response) -> None:
    """Read as much of an error as is needed to tell what it is."""
    content = b""
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > MAX_ERROR_BYTES:
            break
    response._content = content
