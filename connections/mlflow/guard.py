"""Who may send requests to MLflow (whoever has its secret), and for what (what tracking and models need).

MLflow does not ask who sends a request. Its routes belong to two frameworks, Flask and FastAPI, and a hook of one does
not see requests to the other. So both checks are made around the whole server, before either gets the request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from hmac import compare_digest
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# Experiments, runs, what they log, and models. MLflow has much more that acts for whoever asks: an assistant that runs
# commands, a gateway and webhooks that call other hosts, jobs, pages. None of that is needed here, and each release
# brings more, so this is a list of what is allowed.
_NEEDED = re.compile(
    r"/(?:ajax-)?api/\d\.\d/(?:mlflow-artifacts/|mlflow/(?:"
    r"experiments|runs|metrics|artifacts|logged-models|registered-models|model-versions|traces"
    r")(?:/|$)|mlflow/(?:server-info|upload-artifact)$)"
    r"|/(?:health|version|get-artifact|model-versions/get-artifact|v1/traces)$"
)

# In the form of MLflow's own errors: clients show the message, and do not try again.
_UNKNOWN = {
    "error_code": "UNAUTHENTICATED",
    "message": "This MLflow server answers Mantik only. Send its token: MLFLOW_TRACKING_TOKEN for MLflow's client.",
}
_NOT_THERE = {
    "error_code": "ENDPOINT_NOT_FOUND",
    "message": "This part of MLflow is closed in Mantik, which needs experiments, runs, artifacts and models.",
}


def guarded(app: App, *, token: str) -> App:
    """`app`, an ASGI application, behind both checks.

    A request without `Authorization: Bearer <token>` is answered with 401, one for anything else than what is needed
    with 404. Web sockets are closed.
    """
    expected = f"Bearer {token}".encode()

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        # "lifespan" is the start and stop of the server itself, not a request.
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
        elif scope["type"] != "http":
            # Closing a web socket that was not accepted makes the server answer with 403.
            await send({"type": "websocket.close", "code": 1008})
        elif not _carries(scope["headers"], expected):
            await _refuse(send, 401, _UNKNOWN)
        elif not _NEEDED.match(scope["path"]):
            await _refuse(send, 404, _NOT_THERE)
        else:
            await app(scope, receive, send)

    return guard


def _carries(headers: Iterable[tuple[bytes, bytes]], expected: bytes) -> bool:
    """Whether the only Authorization header is `expected`: of several, MLflow might read another one."""
    given = [value for name, value in headers if name.lower() == b"authorization"]
    return len(given) == 1 and compare_digest(given[0], expected)


async def _refuse(send: Send, status: int, words: Mapping[str, str]) -> None:
    body = json.dumps(words).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
