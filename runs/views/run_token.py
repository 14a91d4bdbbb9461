"""Revoking the token with which the job of a run logs."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from mantik.accounts.member_request import MemberRequest
from mantik.lib.answers import Confirmation, ask
from projects.views.loading import refusal
from runs.services import may_cancel
from runs.tracking.run_tokens import revoke_run_tokens
from runs.views.loading import run_or_404


@login_required
@require_http_methods(["GET", "POST"])
def revoke(request: MemberRequest, slug: str, uuid: UUID) -> HttpResponse:
    run = run_or_404(request, slug, uuid)
    if not may_cancel(request.user, run):
        raise PermissionDenied(refusal(request.user, run.project, "revoke the token of this run"))
    if request.method == "GET":
        question = Confirmation(
            title=f"Revoke the token of {run.name}?",
            message="Its job can no longer log to MLflow, and gets no other token. The training may fail because of "
            "that. What it has logged so far is kept. To end the job as well, cancel the run.",
            verb="Revoke token",
            icon_name="slash-circle",
        )
        back_url = reverse("runs:detail", args=[slug, run.uuid])
        return ask(request, question, nav="runs", project=run.project, back_url=back_url)
    if revoke_run_tokens(run, actor=request.user, now=timezone.now()):
        messages.info(request, f"The token of {run.name} was revoked.")
    else:
        messages.error(request, f"{run.name} has no token that could be revoked.")
    return redirect("runs:detail", slug, run.uuid)
