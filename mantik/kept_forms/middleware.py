"""Keeps a form that was sent after its session had ended, and forgets it once it was sent again."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from mantik.kept_forms import keeping
from mantik.lib.sent_forms import sent_form


class KeptFormMiddleware:
    """Has to follow authentication, and HtmxMiddleware: what htmx sends stays in its page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        if request.method != "POST" or request.htmx:  # type: ignore[attr-defined]
            return response
        if request.user.is_authenticated:
            _forget_if_sent(request, response)
        elif _asks_to_sign_in(response) and keeping.keep(request, sent_form(request)):
            return redirect_to_login(reverse("kept-form"))
        return response


def _forget_if_sent(request: HttpRequest, response: HttpResponse) -> None:
    held = keeping.kept(request)
    if held and held.action_url == request.get_full_path() and response.status_code < 400:
        keeping.forget(request)


def _asks_to_sign_in(response: HttpResponse) -> bool:
    entrances = {reverse("account_login"), reverse("admin:login")}
    return response.status_code == 302 and urlsplit(response["Location"]).path in entrances
