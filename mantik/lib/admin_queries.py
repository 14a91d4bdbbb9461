"""Lists of the admin whose address asks for what no column can hold: they are shown as a whole, and say so.

Django's filters hand on what the query has: text with NUL, at which PostgreSQL ends the statement, and days whose end
no date can hold.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.contrib import messages
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

_NOT_HELD = (DataError, OverflowError)
SENTENCE = "This list cannot be filtered by what its address asked for, so all of it is shown. Choose a filter again."
log = structlog.get_logger(__name__)


class AdminQueryMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, _NOT_HELD) or request.method != "GET" or not request.GET:
            return None
        if not request.path.startswith(reverse("admin:index")):
            return None
        log.warning("admin_query_left_out", path=request.path, error=str(error))
        messages.error(request, SENTENCE)
        return redirect(request.path)
