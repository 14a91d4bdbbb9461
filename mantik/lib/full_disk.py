"""Answers to people and programs when nothing could be stored because there was no room."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.views import defaults

from mantik.lib import disk

# For programs, in seconds: room is made by a person.
ASK_AGAIN = 60


def sentence_or_raise(error: Exception) -> str:
    """The sentence for a form that is shown again with what was typed. Raises `error` if it is about anything else."""
    refusal = disk.refusal_in(error)
    if refusal is None:
        raise error
    disk.watch.notice(error)
    return str(refusal)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: 503 with a sentence if there was no room to store something, otherwise the usual page.

    All errors arrive here, including those of middleware. The page needs neither a session nor the database.
    """
    error = sys.exception()
    refusal = disk.refusal_in(error) if error else None
    if error is None or refusal is None:
        return defaults.server_error(request)
    disk.watch.notice(error)
    answer = _answer(request, str(refusal))
    answer["Retry-After"] = str(ASK_AGAIN)
    return answer


def _answer(request: HttpRequest, sentence: str) -> HttpResponse:
    if "Authorization" in request.headers:
        return JsonResponse({"error": sentence}, status=503)
    context = {"sentence": sentence, "was_typed": request.method == "POST"}
    return HttpResponse(loader.get_template("503.html").render(context), status=503)
