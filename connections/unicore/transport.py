"""pyunicore's transport on one pooled client and one security session, with our three kinds of errors."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpx
from pyunicore.client import Transport
from pyunicore.credentials import Credential

from connections.unicore.explain import Call, Explainer
from connections.unicore.pool import Timeouts

SESSION = "X-UNICORE-SecuritySession"
# An answer of ours is small, or a piece of a file that we have asked for.
_MOST_BYTES = 32 * 1024 * 1024
_CODINGS = ("content-encoding", "content-length", "transfer-encoding")


class PooledTransport(Transport):  # type: ignore[misc]
    """Safe to share by threads, and shared by every pyunicore resource that is made from it.

    pyunicore's own opens a connection per request, trusts any certificate, and gives each resource a session
    of its own, of which a site keeps five per user. Raises SiteError and nothing else.
    """

    def __init__(self, credential: Credential, *, pool: httpx.Client, timeouts: Timeouts, explainer: Explainer) -> None:
        super().__init__(credential, verify=True, timeout=timeouts.read)
        self._pool = pool
        self._answer_seconds = timeouts.answer
        self._explainer = explainer
        self._sign_in = threading.Lock()

    def _clone(self) -> PooledTransport:
        return self

    def run_method(self, method: Callable[..., Any], **args: Any) -> httpx.Response:
        """Called by pyunicore with one of httpx's functions, of which only the name is used."""
        return self.request(Call(method.__name__.upper(), args.pop("url")), **args)

    def request(self, call: Call, **args: Any) -> httpx.Response:
        """The answer to `call`, read to its end. `content` may be a function that gives the body anew."""
        if self.last_session_id is not None:
            return self._with_session(call, args)
        # Many at once would each be given a session, and push one another out.
        with self._sign_in:
            return self._with_session(call, args)

    def _with_session(self, call: Call, args: dict[str, Any]) -> httpx.Response:
        headers = self._headers({"headers": dict(args.get("headers", {}))})
        response = self._send(call, {**args, "headers": headers})
        if self.repeat_required(response, headers):
            # Refused before anything was done, so it is safe to repeat whatever it is.
            response = self._send(call, {**args, "headers": headers})
        if error := self._explainer.error_in(response, call):
            if response.status_code == 432:
                self.last_session_id = None
            raise error
        self.last_session_id = response.headers.get(SESSION, self.last_session_id)
        self.settings_changed = False
        return response

    def _send(self, call: Call, args: dict[str, Any]) -> httpx.Response:
        try:
            return self._roundtrip(call, args)
        except httpx.HTTPError as error:
            if call.may_be_repeated and not isinstance(error, httpx.TimeoutException):
                # The site had just closed the connection that was kept open.
                return self._second_try(call, args)
            raise self._explainer.error_of(error, call) from None

    def _second_try(self, call: Call, args: dict[str, Any]) -> httpx.Response:
        try:
            return self._roundtrip(call, args)
        except httpx.HTTPError as error:
            raise self._explainer.error_of(error, call) from None

    def _roundtrip(self, call: Call, args: dict[str, Any]) -> httpx.Response:
        if callable(args.get("content")):
            args = {**args, "content": args["content"]()}
        request = self._pool.build_request(call.method, call.url, **args)
        response = self._pool.send(request, stream=True)
        try:
            content = _read(response.iter_bytes(), time.monotonic() + self._answer_seconds, request)
        finally:
            response.close()
        headers = [(name, value) for name, value in response.headers.multi_items() if name not in _CODINGS]
        return httpx.Response(response.status_code, headers=headers, content=content, request=request)


def _read(pieces: Iterable[bytes], deadline: float, request: httpx.Request) -> bytes:
    content = bytearray()
    for piece in pieces:
        content += piece
        if len(content) > _MOST_BYTES:
            raise httpx.ReadError("The answer is too long.", request=request)
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("The answer takes too long.", request=request)
    return bytes(content)
