"""Putting failed runs away on the overview of a project."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from mantik.accounts.member_request import MemberRequest
from projects.views.loading import project_or_404
from runs.models import Run
from runs.unseen.failures import put_all_away, put_away


@login_required
@require_POST
def seen(request: MemberRequest, slug: str) -> HttpResponse:
    """`run`: that one; or `until`: all that had ended by then."""
    project = project_or_404(request, slug)
    now = timezone.now()
    uuid, until = _uuid(request.POST.get("run", "")), _moment(request.POST.get("until", ""))
    run = Run.objects.filter(project=project, uuid=uuid).only("project").first() if uuid else None
    if run is not None:
        put_away(run, project=project, user=request.user, now=now)
    elif until is not None:
        put_all_away(project, user=request.user, until=until, now=now)
    else:
        messages.error(request, "Nothing was put away: the run is gone. Here is what failed since you looked.")
    return redirect("projects:overview", slug)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    """None also for one without a zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
