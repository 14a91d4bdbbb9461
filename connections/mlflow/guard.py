"""Who may ask MLflow anything: whoever has its secret.

MLflow asks nobody who they are, and its routes are of two frameworks, Flask and FastAPI, whose own hooks each miss
the other's. So the question is asked around the whole server, before either sees the request.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from hmac import compare_digest
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# In the form of MLflow's own errors: clients show the message, and do not try again.
_REFUSAL = json.dumps(
    {
        "error_code": "UNAUTHENTICATED",
        "message": "This MLflow server answers Mantik only. Send its token: MLFLOW_TRACKING_TOKEN for MLflow's client.",
    }
).encode()


def guarded(app: App, *, token: str) -> App:
    """`app`, an ASGI application, for requests with `Authorization: Bearer <token>` only; 401 for all others."""
    expected = f"Bearer {token}".encode()

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        # Start and stop of the server itself come in as "lifespan"; nobody sends them.
        if scope["type"] == "lifespan" or _carries(scope["headers"], expected):
            await app(scope, receive, send)
        elif scope["type"] == "http":
            await _refuse(send)
        else:
            # A web socket that is closed before it was accepted: the server answers 403.
            await send({"type": "websocket.close", "code": 1008})

    return guard


def _carries(headers: Iterable[tuple[bytes, bytes]], expected: bytes) -> bool:
    """Once, and not as one of several: what stands behind might take another."""
    given = [value for name, value in headers if name.lower() == b"authorization"]
    return len(given) == 1 and compare_digest(given[0], expected)


async def _refuse(send: Send) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(_REFUSAL)).encode()),
        (b"www-authenticate", b"Bearer"),
    ]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": _REFUSAL})
