"""Keeps a form that was sent after its session had ended, or whose member has to say first who they are, and forgets
it once it was sent again."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from mantik.kept_forms import keeping
from mantik.kept_forms.addresses import is_kept, name_of
from mantik.lib.sent_forms import holds_secret, sent_form

# Where members say again who they are: with a password, a code, a passkey or at the provider.
_WHO_ARE_YOU = ("account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "account_sign_in_again")


class KeptFormMiddleware:
    """Has to follow authentication, and HtmxMiddleware: what htmx sends stays in its page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        if request.method != "POST":
            return response
        if request.user.is_authenticated and _asks_who_one_is(response):
            return _kept_until_confirmed(request, response)
        if request.htmx:  # type: ignore[attr-defined]
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


def _asks_who_one_is(response: HttpResponse) -> bool:
    """Whether a view with `identity_confirmed`, or one of allauth's, wants that first."""
    if response.status_code != 302:
        return False
    return urlsplit(response["Location"]).path in {reverse(name) for name in _WHO_ARE_YOU}


def _kept_until_confirmed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """allauth would keep the form with its secrets, and send it by itself; ours comes back without them."""
    if not is_kept(name_of(request)):
        return response
    is_held = not request.htmx and keeping.keep(request, sent_form(request))  # type: ignore[attr-defined]
    if is_held or holds_secret(request):
        request.session.pop(STATE_SESSION_KEY, None)
    return redirect_to_login(reverse("kept-form"), urlsplit(response["Location"]).path) if is_held else response


def _asks_to_sign_in(response: HttpResponse) -> bool:
    entrances = {reverse("account_login"), reverse("admin:login")}
    return response.status_code == 302 and urlsplit(response["Location"]).path in entrances
