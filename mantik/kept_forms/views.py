"""Pages that show a form again as it was sent: after signing in, and in place of Django's page about its token."""

from __future__ import annotations

from allauth.account.utils import get_next_redirect_url
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware, get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from mantik.kept_forms import keeping
from mantik.kept_forms.addresses import is_entrance, is_kept, name_of
from mantik.kept_forms.owners import is_of
from mantik.lib.sent_forms import SentForm, form_in

# By it, a page that stayed open is told the token that it needs now (static/js/htmx-setup.js).
FRESH_TOKEN = "X-Fresh-Token"  # noqa: S105 - the name of a header


@login_required
@require_GET
@never_cache
def kept_form(request: HttpRequest) -> HttpResponse:
    """Where signing in leads if a form was kept."""
    sent = keeping.kept(request)
    if sent is None:
        return redirect(settings.LOGIN_REDIRECT_URL)
    if not is_of(request.user, keeping.owner_of(sent)):
        keeping.forget(request)
        return render(request, "kept_form.html", {"is_others": True}, status=403)
    return _again(request, sent, status=200)


@never_cache
def out_of_date(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - of CSRF_FAILURE_VIEW
    """Answers a form whose token is not valid: most often, its member has signed in again after the page was opened."""
    sent = form_in(request) if _is_from_own_page(request) else None
    user = getattr(request, "user", None)
    if sent is None or user is None:
        return _refusal(request)
    if not user.is_authenticated:
        is_held = "HX-Request" not in request.headers and keeping.keep(request, sent)
        return redirect_to_login(reverse("kept-form")) if is_held else _refusal(request)
    if is_entrance(name_of(request)):
        return redirect(get_next_redirect_url(request) or settings.LOGIN_REDIRECT_URL)
    if not is_of(user, keeping.owner_of(sent)):
        return _refusal(request, is_others=bool(keeping.owner_of(sent)))
    if not is_kept(name_of(request)):
        return _refusal(request)
    if "HX-Request" in request.headers:
        return HttpResponse(status=403, headers={FRESH_TOKEN: get_token(request)})
    return _again(request, sent, status=403)


def _is_from_own_page(request: HttpRequest) -> bool:
    """Whether a browser says that a page of ours has sent this. A browser that says nothing is not believed."""
    return "HTTP_ORIGIN" in request.META and CsrfViewMiddleware(_no_view)._origin_verified(request)  # type: ignore[attr-defined]


def _no_view(_request: HttpRequest) -> HttpResponse:
    raise AssertionError("Only the origin is looked at.")


def _again(request: HttpRequest, sent: SentForm, *, status: int) -> HttpResponse:
    # The form's own fields say whose it is, and have its key: only its token is a new one.
    context = {"sent": sent, "csrf_token": get_token(request), "action_url": sent.action_url}
    return render(request, "kept_form.html", context, status=status)


def _refusal(request: HttpRequest, *, is_others: bool = False) -> HttpResponse:
    return render(request, "403_csrf.html", {"is_others": is_others}, status=403)
