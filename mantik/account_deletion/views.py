"""Settings > Account > Delete account."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from mantik.account_deletion import services
from mantik.accounts.member_request import MemberRequest
from mantik.accounts.view_wrappers import identity_confirmed
from mantik.lib.answers import Confirmation, ask

QUESTION = Confirmation(
    title="Delete your account?",
    verb="Delete account",
    message="This cannot be undone.",
    points=(
        "Your name, e-mail address, password, second factors and sessions are deleted.",
        "Your connections are deleted with their secrets, and so are your personal access tokens. Private code "
        "repositories that are read with your connections cannot be read again until another member chooses a "
        "connection for them.",
        "You leave every project and group; a group that only you are in is deleted.",
        "Runs, models, experiments, schedules and code repositories that you added stay in their projects, without "
        "your name. Schedules that run with other people's connections continue.",
        "The activity of projects keeps your user name, so that it stays complete.",
    ),
    icon_name="trash3",
    back_label="Keep my account",
)


@identity_confirmed
@require_http_methods(["GET", "POST"])
def delete(request: MemberRequest) -> HttpResponse:
    """Ask for confirmation, and delete the account."""
    obstacles = services.obstacles_of(request.user)
    if request.method == "POST":
        try:
            services.delete_account(user=request.user, now=timezone.now())
        except services.InTheWay as way:
            obstacles = way.obstacles
        else:
            logout(request)
            messages.info(request, "Your account was deleted.")
            return redirect("account_login")
    if not obstacles:
        return ask(request, QUESTION, nav="account", back_url=reverse("accounts:account"))
    status = 409 if request.method == "POST" else 200
    return render(request, "accounts/delete.html", {"nav": "account", "obstacles": obstacles}, status=status)
