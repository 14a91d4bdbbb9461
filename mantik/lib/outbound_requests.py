"""The same guard for libraries that use requests: give them `guarded_session()`."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError

from mantik.lib import patience
from mantik.lib.outbound import AddressRefused, resolve

TIMEOUT = (5, 15)
# Of one answer, which is read as a whole. What a login service says has some thousand bytes.
MOST_BYTES = 1 << 20
_PIECE = 1 << 14
# Of each request: a sign-in makes up to three, and a service that answers all of them slowly is not silent.
_PAGES_TIMEOUT = (patience.PAGE_SECONDS, patience.PAGE_SECONDS)


class _Guarded:
    """A connection to an address that was checked; certificate and Host are those of the name."""

    def _new_conn(self: Any) -> socket.socket:
        try:
            address = resolve(self.host, self.port)[0]
        except AddressRefused as refused:
            raise NewConnectionError(self, str(refused)) from refused
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        name, self._dns_host = self._dns_host, address
        try:
            return super()._new_conn()  # type: ignore[misc, no-any-return]
        finally:
            self._dns_host = name


class _Http(_Guarded, HTTPConnection):
    pass


class _Https(_Guarded, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


class GuardedAdapter(HTTPAdapter):
    """Guards connections, sets a time-out for requests that have none, and reads no more than MOST_BYTES."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        usual = _PAGES_TIMEOUT if patience.is_page() else TIMEOUT
        kwargs["timeout"] = kwargs.get("timeout") or usual
        response = super().send(request, *args, **kwargs)
        # Read here, because requests would read whatever comes, also before it follows a redirect.
        body = b"".join(_pieces(response))
        response._content, response._content_consumed = body, True
        return response


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """The body, unpacked. Raises ConnectionError if it is too long."""
    size = 0
    for piece in response.iter_content(_PIECE):
        size += len(piece)
        if size > MOST_BYTES:
            response.close()
            raise requests.ConnectionError(f"The answer is longer than {MOST_BYTES} bytes.")
        yield piece


def guarded_session() -> requests.Session:
    """A session that follows redirects, each through the same guard, and takes nothing from the environment."""
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", GuardedAdapter())
    session.mount("http://", GuardedAdapter())
    return session
