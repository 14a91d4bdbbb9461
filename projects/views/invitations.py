"""Settings > Invitations: those that wait for an answer, and earlier ones."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from mantik.accounts.member_request import MemberRequest
from projects.models import Invitation
from projects.roles import ROLE_MEANING, Role
from projects.services import invitations

# How many that nobody can accept any more are listed.
MOST_VOID = 20


@login_required
@require_GET
def invitation_list(request: MemberRequest) -> HttpResponse:
    now = timezone.now()
    mine = Invitation.objects.for_person(request.user).select_related("project", "invited_by").order_by("-pk")
    void = mine.void(now=now, since=now - invitations.REMEMBERED)
    context = {
        "nav": "invitations",
        "open_invitations": [
            {"invitation": invitation, "means": ROLE_MEANING[Role(invitation.role)]}
            for invitation in mine.open(now=now)
        ],
        "void": [{"invitation": one, "outcome": invitations.outcome(one)} for one in void[:MOST_VOID]],
        "more_void": max(0, void.count() - MOST_VOID),
    }
    return render(request, "projects/invitations.html", context)


@login_required
@require_POST
def accept(request: MemberRequest, uuid: UUID) -> HttpResponse:
    invitation = _own_or_404(request, uuid)
    try:
        invitations.accept(invitation=invitation, user=request.user, now=timezone.now())
    except invitations.NotOpen as reason:
        messages.error(request, str(reason))
        return redirect("projects:invitations")
    messages.info(request, f"You are a member of {invitation.project.name} now.")
    return redirect("projects:overview", invitation.project.slug)


@login_required
@require_POST
def decline(request: MemberRequest, uuid: UUID) -> HttpResponse:
    invitation = _own_or_404(request, uuid)
    try:
        invitations.decline(invitation=invitation, user=request.user, now=timezone.now())
    except invitations.NotOpen as reason:
        messages.error(request, str(reason))
    else:
        messages.info(request, f"The invitation to {invitation.project.name} is declined.")
    return redirect("projects:invitations")


def _own_or_404(request: MemberRequest, uuid: UUID) -> Invitation:
    mine = Invitation.objects.for_person(request.user)
    return get_object_or_404(mine.select_related("project", "user"), uuid=uuid)
