"""Requests of MLflow's clients that are handed on to MLflow, in the event loop: waiting for it holds no thread.

Whoever calls this has decided that the request may be made, and has written it anew.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from connections.mlflow.clients import configured
from connections.mlflow.errors import TrackingError, TrackingRefused, TrackingUnavailable
from connections.mlflow.files import Files, OpenFile
from connections.mlflow.parsing import as_mlflow_answers, error_in, error_words, not_mlflow, words_for_strangers
from connections.mlflow.paths import SERVED_FILE
from connections.mlflow.places import Address, KnownPlaces
from connections.mlflow.transport import TIMEOUT, client_options, tracking_errors
from connections.mlflow.values import ModelSource

# MLflow works on 40 requests at a time, each with two connections to its database: more would only wait there, and
# pages and workers want to be answered, too.
MOST_AT_ONCE = 24
# Those that wait here for their turn. MLflow's clients try again when they are told to.
MOST_WAITING = 200
_LIMITS = httpx.Limits(max_connections=MOST_AT_ONCE + 16, max_keepalive_connections=MOST_AT_ONCE, keepalive_expiry=3)
TOO_MUCH = "Too much is being logged at the moment. Try again in a few seconds."
# An upload waits for the disk once it is complete, in seconds.
_STORING = httpx.Timeout(connect=3, read=120, write=60, pool=10)
# What the oldest clients understand, too: others end in an exception of theirs.
_CODES = {
    *("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS", "BAD_REQUEST", "INVALID_STATE"),
}


class Declined(TrackingRefused):
    """MLflow has refused a request of its client: `code` is MLflow's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def onward() -> Onward:
    """This process's client for the configured server."""
    return configured(Onward)


class Onward:
    """Every method raises TrackingUnavailable (try later) or TrackingRefused."""

    def __init__(self, *, uri: str, token: str = "") -> None:
        self._client = httpx.AsyncClient(limits=_LIMITS, **client_options(uri, token))
        self._files = Files(uri=uri, token=token)
        self._free = asyncio.Semaphore(MOST_AT_ONCE)
        self._waiting = 0
        self._places = KnownPlaces(doing="hand out a file of the model")

    async def call(self, method: str, path: str, *, query: Mapping[str, Any], body: Mapping[str, Any] | None) -> bytes:
        """What MLflow answers, a JSON object. `body` is sent as one."""
        async with self._turn():
            with tracking_errors():
                response = await self._send(method, path, query, body)
        if not response.is_success:
            raise _error(response, doing="do what was asked")
        # Its answers are passed on unread, and may be megabytes.
        if not response.headers.get("content-type", "").startswith("application/json"):
            raise not_mlflow()
        return response.content

    async def _send(
        self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None
    ) -> httpx.Response:
        request = self._client.build_request(method, path, params=dict(query) or None, json=body)
        try:
            return await self._client.send(request)
        except httpx.RemoteProtocolError:
            if method != "GET":
                raise
            # It may have been an idle connection that MLflow was just closing.
            return await self._client.send(request)

    async def file(self, path: str) -> OpenFile:
        """The file with this path below MLflow's root, opened (connections/mlflow/files.py)."""
        return await self._files.open(Address(SERVED_FILE.format(path=path), {}, "hand out the file", is_served=True))

    async def model_address(self, source: ModelSource, path: str) -> Address:
        """Where a file of a model is that a run has logged. Asks MLflow once for each model."""
        if question := self._places.question(source, path):
            answer = await self.call("GET", question.path, query=question.query, body=None)
            with as_mlflow_answers():
                self._places.learn(source, json.loads(answer))
        return self._places.address(source, path)

    async def store(self, path: str, content: AsyncIterator[bytes]) -> None:
        """Store a file under this path below MLflow's root: the whole of it, or nothing."""
        with tracking_errors():
            response = await self._client.put(SERVED_FILE.format(path=path), content=content, timeout=_STORING)
        if not response.is_success:
            raise _error(response, doing="store the file")

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= MOST_WAITING:
            raise TrackingUnavailable(TOO_MUCH)
        self._waiting += 1
        try:
            async with asyncio.timeout(TIMEOUT.read):
                await self._free.acquire()
        except TimeoutError:
            raise TrackingUnavailable(TOO_MUCH) from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()


def _error(response: httpx.Response, *, doing: str) -> TrackingError:
    """As MLflow's client expects it: with MLflow's own code and words, unless these are not for strangers."""
    code, words = error_words(response)
    error = error_in(response, doing=doing)
    if isinstance(error, TrackingUnavailable):
        return error
    return Declined(code if code in _CODES else "INVALID_PARAMETER_VALUE", words_for_strangers(words) or error.message)
