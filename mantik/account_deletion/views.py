"""Settings > Account > Delete account."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from mantik.account_deletion import services
from mantik.accounts.member_request import MemberRequest


@login_required
@require_http_methods(["GET", "POST"])
@reauthentication_required
def delete(request: MemberRequest) -> HttpResponse:
    """Ask for the password again, then ask for confirmation and delete the account."""
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
    status = 409 if request.method == "POST" else 200
    return render(request, "accounts/delete.html", {"nav": "account", "obstacles": obstacles}, status=status)
