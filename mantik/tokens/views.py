"""Settings > Tokens."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from mantik.accounts.member_request import MemberRequest
from mantik.accounts.view_wrappers import identity_confirmed
from mantik.idempotency.services import Asked
from mantik.lib.answers import Confirmation, ask, status_of
from mantik.tokens import services
from mantik.tokens.forms import TokenForm
from mantik.tokens.models import PersonalAccessToken, Scope
from mantik.tokens.named_projects import projects_of
from mantik.tokens.token_requests import TokenRequest, token_required

ONLY_ONCE = (
    "This form was sent before, and made a token, which was shown once. If you have not copied it, revoke it and add "
    "another one."
)
# How many tokens the list shows, the latest first.
MOST_SHOWN = 200


@login_required
@require_GET
def token_list(request: MemberRequest) -> HttpResponse:
    tokens = PersonalAccessToken.objects.owned_by(request.user)
    joined = projects_of(request.user)
    rows = [(token, token.among(joined)) for token in tokens.order_by("-pk")[:MOST_SHOWN]]
    left_out = max(0, tokens.count() - MOST_SHOWN)
    return render(request, "tokens/list.html", {"nav": "tokens", "rows": rows, "left_out": left_out})


@identity_confirmed
@never_cache
@require_http_methods(["GET", "POST"])
def add(request: MemberRequest) -> HttpResponse:
    """The answer to the form shows the token, because it is not stored for a later page."""
    asked = Asked.by_form(request.POST)
    if services.was_added(asked, user=request.user):
        messages.info(request, ONLY_ONCE)
        return redirect("tokens:list")
    form = TokenForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        cleaned = form.cleaned_data
        try:
            row, token = services.add_token(
                user=request.user,
                name=cleaned["name"],
                scope=cleaned["scope"],
                expires_at=_end_of(cleaned["expires_on"]),
                projects=cleaned.get("projects", []),
                now=timezone.now(),
                asked=asked,
            )
        except services.AddedBefore:
            messages.info(request, ONLY_ONCE)
            return redirect("tokens:list")
        except services.NameTaken:
            form.add_error("name", "You already have a token with this name. Choose another name.")
        else:
            made = {"nav": "tokens", "row": row, "projects": cleaned.get("projects"), "token": token}
            return render(request, "tokens/made.html", made, status=201)
    return render(request, "tokens/form.html", {"nav": "tokens", "form": form}, status=status_of(form))


@login_required
@require_http_methods(["GET", "POST"])
def revoke(request: MemberRequest, uuid: UUID) -> HttpResponse:
    token = get_object_or_404(PersonalAccessToken.objects.owned_by(request.user), uuid=uuid)
    if request.method == "GET":
        question = Confirmation(
            title=f"Revoke {token.name}?",
            message="Programs that use it will no longer be able to sign in. A revoked token stays revoked.",
            verb="Revoke token",
            icon_name="slash-circle",
        )
        return ask(request, question, nav="tokens", back_url=reverse("tokens:list"))
    services.revoke(token=token, actor=request.user, now=timezone.now())
    messages.info(request, f"{token.name} was revoked.")
    return redirect("tokens:list")


@token_required(Scope.READ)
@require_GET
def whoami(request: TokenRequest) -> HttpResponse:
    """For programs: whose token this is, what it may do, and in which projects."""
    token = request.access_token
    return JsonResponse(
        {
            "user_name": request.user.username,
            "token": token.name,
            "scope": token.scope,
            "expires_at": token.expires_at.isoformat(),
            "projects": [project.address for project in token.among(projects_of(request.user))],
        }
    )


def _end_of(day: date) -> datetime:
    """The moment at which `day` ends in the user's time zone."""
    return timezone.make_aware(datetime.combine(day, time()) + timedelta(days=1))
