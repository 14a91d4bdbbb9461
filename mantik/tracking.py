"""The WSGI application of the gateway: without the middleware of pages, whose sessions and forms programs do not have.

Many programs call it several times a second each, and a page's middleware alone takes as long as a whole call.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.core.signals import request_started
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from mantik.lib.handed_on import HandedOn
from runs.tracking.gateway.answers import error_for
from runs.tracking.gateway.refusals import Refused, forbidden
from runs.tracking.gateway.views import answer

log = structlog.get_logger(__name__)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> HttpResponseBase | Iterable[bytes]:
    """Returns a HandedOn, without a call of `start_response`, if MLflow is to be asked."""
    request_started.send(sender=application, environ=environ)
    request = WSGIRequest(environ)
    with structlog.contextvars.bound_contextvars(request_id=str(uuid.uuid4()), ip=environ["REMOTE_ADDR"]):
        response = _answer(request)
    if isinstance(response, HandedOn):
        # Also ends its use of the database.
        response.close()
        return response
    start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    return response


def _answer(request: HttpRequest) -> HttpResponseBase:
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        # Not a redirect: the token has already crossed the network in clear text.
        return error_for(
            forbidden(
                "Use https:// in MLFLOW_TRACKING_URI, and make a new token: others may have read this one on its way."
            )
        )
    try:
        return answer(request)
    except (OperationalError, InterfaceError):
        log.warning("tracking_without_database", method=request.method)
        return error_for(Refused(503, "TEMPORARILY_UNAVAILABLE", "Mantik's database does not answer at the moment."))
    except Exception:
        log.exception("tracking_failed", method=request.method, path=request.path)
        return error_for(
            Refused(
                500,
                "INTERNAL_ERROR",
                "There was an error inside Mantik. It was logged: tell an operator when it happened.",
            )
        )
