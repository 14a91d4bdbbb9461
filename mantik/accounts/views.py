"""Settings > Account. Signing in and securing an account are views of allauth."""

from __future__ import annotations

from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.account.utils import get_next_redirect_url
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mantik.accounts import services
from mantik.accounts.forms import ProfileForm, TimeZoneForm
from mantik.accounts.member_request import MemberRequest
from mantik.accounts.models import Session, Theme, User
from mantik.accounts.sessions import row_key
from mantik.lib.answers import WRONG, status_of
from mantik.lib.humanize import counted
from mantik.lib.revised_form import compared_under_lock, lock


@login_required
@require_http_methods(["GET", "POST"])
@compared_under_lock
def account(request: MemberRequest) -> HttpResponse:
    user = User.objects.get(pk=request.user.pk)
    lock(request, user)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        services.edit_profile(user=request.user, **form.cleaned_data)
        messages.info(request, "Your account was saved.")
        return redirect("accounts:account")
    context = {
        "nav": "account",
        "form": form,
        "awaited_address": EmailAddress.objects.filter(user=user, verified=False).first(),
        "factors": Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES).count(),
        "session_count": Session.objects.of(user).count(),
        "providers": get_adapter().list_providers(request),
        "connected": user.socialaccount_set.exists(),
    }
    return render(request, "accounts/account.html", context, status=status_of(form))


@login_required
@require_GET
def sign_in_again(request: MemberRequest) -> HttpResponse:
    """Asks people who sign in at the provider alone to do so once more; see `sign_in_is_fresh`."""
    # The provider is to ask for the password, too, and not to know its user from before.
    query = {REDIRECT_FIELD_NAME: get_next_redirect_url(request) or "/", "auth_params": "prompt=login"}
    context = {"providers": get_adapter().list_providers(request), "query": urlencode(query)}
    return render(request, "accounts/sign_in_again.html", context)


@login_required
@require_POST
def theme(request: MemberRequest) -> HttpResponse:
    """Store the theme chosen in the user menu; the page already shows it."""
    chosen = request.POST.get("theme", "")
    if chosen not in Theme.values:
        return HttpResponse("The theme has to be light, dark or empty.", status=WRONG, content_type="text/plain")
    services.choose_theme(user=request.user, theme=chosen)
    return HttpResponse(status=204)


@login_required
@require_POST
def time_zone(request: MemberRequest) -> HttpResponse:
    """Store the answer to the offer of the browser's time zone, and go back to the page that it was made on."""
    form = TimeZoneForm(request.POST)
    if form.is_valid():
        services.edit_profile(user=request.user, **form.cleaned_data)
        messages.info(request, f"Pages now show times in {form.cleaned_data['time_zone']}. Your account can change it.")
    else:
        messages.error(request, "Mantik does not know this time zone. Choose one in your account.")
    return redirect(get_next_redirect_url(request) or "accounts:account")


@login_required
@require_GET
def sessions(request: MemberRequest) -> HttpResponse:
    found = Session.objects.of(request.user).latest_first()
    context = {"nav": "account", "sessions": found, "current": row_key(request.session.session_key or "")}
    return render(request, "accounts/sessions.html", context)


@login_required
@require_POST
def end_session(request: MemberRequest, uuid: UUID) -> HttpResponse:
    session = get_object_or_404(Session.objects.of(request.user), uuid=uuid)
    services.end_session(session=session, actor=request.user)
    messages.info(request, "The session was ended.")
    return redirect("accounts:sessions")


@login_required
@require_POST
def end_others(request: MemberRequest) -> HttpResponse:
    ended = services.end_sessions(user=request.user, actor=request.user, but=request.session.session_key)
    message = f"{counted(ended, 'other session')} ended." if ended else "You have no other session."
    messages.info(request, message)
    return redirect("accounts:sessions")
