"""How calls are answered: by MLflow, whose answer is passed on, or with documents of our own."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.http import HttpResponse, JsonResponse

from connections.mlflow.errors import NotThere, TrackingError, TrackingUnavailable
from connections.mlflow.onward import Declined, onward
from connections.mlflow.parsing import as_mlflow_answers
from mantik.lib.downloads import Download
from mantik.lib.handed_on import Body, Given, HandedOn
from runs.tracking.gateway.callers import Caller
from runs.tracking.gateway.refusals import Refused

# After how many seconds clients are to ask again.
RETRY_AFTER_SECONDS = 5
JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}

# Makes another answer of MLflow's, or raises Refused.
Change = Callable[[Any], Any]


def handed_on(
    caller: Caller,
    method: str,
    path: str,
    *,
    query: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | None = None,
    change: Change | None = None,
    missing: Refused | None = None,
) -> HandedOn:
    """MLflow's answer to a request that is written anew from these. `missing`: what is said if MLflow does not have it:
    the same as of what the caller may not see, so that nobody can tell the two apart."""

    async def ask(_: Body) -> Given:
        try:
            content = await onward().call(method, path, query=query or {}, body=body)
        except Declined as error:
            raise (missing if missing and error.code == "RESOURCE_DOES_NOT_EXIST" else error) from None
        if change is None:
            return Given(200, JSON, content)
        with as_mlflow_answers():
            return Given(200, JSON, json.dumps(change(json.loads(content))).encode())

    return HandedOn(explaining(ask), reader=caller.reader)


def file_given(download: Download, size: int | None) -> Given:
    headers = {
        # A job wrote it: it must never run as a page of Mantik.
        "Content-Type": "application/octet-stream",
        "Content-Disposition": "attachment",
        "Content-Security-Policy": "sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    if size is not None:
        headers["Content-Length"] = str(size)
    return Given(200, headers, download=download)


def explaining(ask: Callable[[Body], Awaitable[Given]]) -> Callable[[Body], Awaitable[Given]]:
    async def explained(body: Body) -> Given:
        try:
            return await ask(body)
        except (Refused, TrackingError) as error:
            answer = error_for(error)
            return Given(answer.status_code, dict(answer.items()), answer.content)

    return explained


def error_for(error: Refused | TrackingError) -> HttpResponse:
    """Clients ask again after 408, 429 and what is 500 or more, and give up after any other status."""
    if isinstance(error, Refused):
        return document({"error_code": error.code, "message": error.sentence}, status=error.status)
    if isinstance(error, TrackingUnavailable):
        answer = document({"error_code": "TEMPORARILY_UNAVAILABLE", "message": error.message}, status=503)
        answer["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return answer
    code = error.code if isinstance(error, Declined) else _code(error)
    status = 404 if code == "RESOURCE_DOES_NOT_EXIST" else 400
    return document({"error_code": code, "message": error.message}, status=status)


def _code(error: TrackingError) -> str:
    return "RESOURCE_DOES_NOT_EXIST" if isinstance(error, NotThere) else "INVALID_STATE"


def document(content: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    answer = JsonResponse(dict(content), status=status)
    answer["Cache-Control"] = "no-store"
    return answer
