"""Answers to people and programs when nothing could be read or stored: no room, or no database.

They need neither a session nor the database.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from secrets import randbelow
from typing import Any

import structlog
from django.contrib.sessions.backends.base import SessionBase
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.views import defaults

from mantik.lib import disk
from mantik.lib.database_loss import Loss, loss_in, outage
from mantik.lib.sent_forms import sent_form

log = structlog.get_logger(__name__)

# A page that loads itself again does so this much later at most, so that not all come at once.
_SPREAD_SECONDS = 5


@dataclass(frozen=True)
class Trouble:
    """What people are told. `ask_again`: after how many seconds; `is_passing`: it ends without anybody's help."""

    title: str
    sentence: str
    ask_again: int
    is_passing: bool = True


_AWAY = Trouble("The database does not answer", Loss.AWAY.value, ask_again=5)
_BUSY = Trouble("The database is busy", Loss.BUSY.value, ask_again=5)


class OutageMiddleware:
    """Answers at once while the database serves nobody. Has to come before the first middleware that asks it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not outage.may_ask():
            return _answer(request, _AWAY)
        response = self._get_response(request)
        if response.status_code < 500:
            outage.end()
        return response


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: 503 with a sentence if there was no room or no database, otherwise the usual page.

    All errors arrive here, including those of middleware.
    """
    error = sys.exception()
    trouble = _trouble_in(error) if error else None
    if error is None or trouble is None:
        return defaults.server_error(request)
    return _answer(request, trouble)


def do_without_session(request: HttpRequest, **_: Any) -> None:
    """For the signal that a request has failed: whoever looks at it later must not wait for the database once more."""
    error = sys.exception()
    if error and loss_in(error) and hasattr(request, "session"):
        request.session = _UnreadSession(request.session.session_key)


class _UnreadSession(SessionBase):
    def load(self) -> dict[str, Any]:
        return {}


def _trouble_in(error: BaseException) -> Trouble | None:
    if refusal := disk.refusal_in(error):
        disk.watch.notice(error)
        # For programs: room is made by a person.
        return Trouble("There is no space left", str(refusal), ask_again=60, is_passing=False)
    loss = loss_in(error)
    if loss is None:
        return None
    log.warning("database_away", error=str(error).strip(), loss=loss.name)
    if outage.notice(error):
        _forget_connections()
    return _AWAY if loss is Loss.AWAY else _BUSY


def _forget_connections() -> None:
    """Those in the pool are as silent as the one that was asked."""
    if pool := getattr(connection, "pool", None):
        pool.drain()


def _answer(request: HttpRequest, trouble: Trouble) -> HttpResponse:
    answer = _body(request, trouble)
    answer["Retry-After"] = str(trouble.ask_again)
    answer["Cache-Control"] = "no-store"
    # A line was written when it began. Django's would have a traceback, for each request.
    answer._has_been_logged = True  # type: ignore[attr-defined]
    return answer


def _body(request: HttpRequest, trouble: Trouble) -> HttpResponse:
    if "Authorization" in request.headers or not request.accepts("text/html"):
        # Clients of MLflow read the last two.
        words = {"error": trouble.sentence, "error_code": "TEMPORARILY_UNAVAILABLE", "message": trouble.sentence}
        return JsonResponse(words, status=503)
    if "HX-Request" in request.headers:
        # The page stays as it is; static/js/htmx-setup.js says what is wrong.
        return HttpResponse(trouble.sentence, status=503, content_type="text/plain")
    return HttpResponse(loader.get_template("503.html").render(_context(request, trouble)), status=503)


def _context(request: HttpRequest, trouble: Trouble) -> dict[str, object]:
    is_read = request.method in ("GET", "HEAD")
    again = trouble.ask_again + randbelow(_SPREAD_SECONDS) if is_read and trouble.is_passing else None
    context: dict[str, object] = {"trouble": trouble, "again": again, "is_read": is_read}
    if sent := sent_form(request):
        context |= {"sent": sent, "csrf_token": sent.csrf_token, "action_url": sent.action_url}
    return context
