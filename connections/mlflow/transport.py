"""Reading from the MLflow server over HTTP: pooled, bounded in time, and with one kind of error."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from connections.mlflow.breaker import breaker_of
from connections.mlflow.errors import AWAY, BROKEN_OFF, TOO_SLOW, TrackingSilent, TrackingUnavailable
from connections.mlflow.parsing import error_in, json_object
from connections.mlflow.values import OpenArtifact
from mantik.lib.patience import PatientBackend

# Of one wait, in seconds. All waits of a page together are shorter: mantik/lib/patience.py.
TIMEOUT = httpx.Timeout(connect=3, read=20, write=20, pool=10)
# Servers close idle connections after five seconds, and a request on a closed connection is lost.
_LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=8, keepalive_expiry=3)
# How much of an error is read, and how much of a file at a time.
MAX_ERROR_BYTES = 64 * 1024
PIECE = 64 * 1024


class Transport:
    """Thread-safe. Every method raises TrackingUnavailable or TrackingRefused."""

    def __init__(self, *, uri: str, token: str) -> None:
        self._breaker = breaker_of(uri)
        self._client = httpx.Client(transport=_Patient(_LIMITS), **client_options(uri, token))

    def get(self, path: str, query: Mapping[str, Any], *, doing: str) -> dict[str, Any]:
        """The object that MLflow answers. Sent again once if the connection breaks: it may have been an idle one."""
        with contextlib.suppress(_Interrupted):
            return json_object(self._ask(path, query), doing=doing)
        return json_object(self._ask(path, query), doing=doing)

    @contextlib.contextmanager
    def open(self, path: str, query: Mapping[str, Any], *, doing: str) -> Iterator[OpenArtifact]:
        """The content of one file, for whoever reads it at once: readers who may be slow have `files.py`."""
        request = self._client.build_request("GET", path, params=dict(query))
        with self._breaker.asking(), tracking_errors():
            response = self._client.send(request, stream=True)
        with contextlib.closing(response), tracking_errors():
            if not response.is_success:
                _read_some(response)
                raise error_in(response, doing=doing)
            yield OpenArtifact(size_of(response), self._pieces(response))

    def _pieces(self, response: httpx.Response) -> Iterator[bytes]:
        """The content in pieces. Raises the same errors if the connection is lost meanwhile."""
        with tracking_errors():
            yield from response.iter_bytes(PIECE)

    def close(self) -> None:
        self._client.close()

    def _ask(self, path: str, query: Mapping[str, Any]) -> httpx.Response:
        with self._breaker.asking(), tracking_errors():
            return self._client.get(path, params=dict(query))


@contextlib.contextmanager
def tracking_errors() -> Iterator[None]:
    """The errors of HTTP as ours."""
    try:
        yield
    except (httpx.TimeoutException, TimeoutError):
        raise TrackingSilent(TOO_SLOW) from None
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
        raise _Interrupted(BROKEN_OFF) from None
    except (httpx.HTTPError, httpx.InvalidURL):
        raise TrackingUnavailable(AWAY) from None


def client_options(uri: str, token: str) -> dict[str, Any]:
    """What all clients of httpx have in common."""
    return {
        "base_url": uri,
        "headers": {"Authorization": f"Bearer {token}"} if token else {},
        "timeout": TIMEOUT,
        # Directly: a proxy in the environment is for hosts outside.
        "trust_env": False,
    }


def size_of(response: httpx.Response) -> int | None:
    """In bytes; None if the server does not say."""
    length = response.headers.get("content-length", "")
    return int(length) if length.isdecimal() else None


class _Patient(httpx.HTTPTransport):
    def __init__(self, limits: httpx.Limits) -> None:
        super().__init__(limits=limits, trust_env=False)
        # httpcore takes a backend of one's own, and httpx does not hand one on.
        self._pool._network_backend = PatientBackend()


class _Interrupted(TrackingUnavailable):
    pass


def _read_some(response: httpx.Response) -> None:
    """Read as much of an error as is needed to tell what it is."""
    content = b""
    for piece in response.iter_bytes():
        content += piece
        if len(content) > MAX_ERROR_BYTES:
            break
    response._content = content
