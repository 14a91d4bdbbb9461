"""Loading a schedule for a view: 404 for people outside the project, 403 for members without the permission."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from mantik.accounts.member_request import MemberRequest
from projects.permissions import Action
from projects.views.loading import project_or_404, refusal
from schedules.models import Schedule
from schedules.services.schedules import may_edit


def schedule_or_404(request: HttpRequest, slug: str, uuid: UUID, action: Action = Action.VIEW_PROJECT) -> Schedule:
    project = project_or_404(request, slug, action)
    schedule: Schedule = get_object_or_404(
        Schedule.objects.filter(project=project).select_related(
            "run",
            "experiment",
            "created_by",
            "last_edited_by",
            "connection__site",
            "connection__owner",
        ),
        uuid=uuid,
    )
    schedule.project = project
    return schedule


def editable_or_403(request: MemberRequest, slug: str, uuid: UUID) -> Schedule:
    schedule = schedule_or_404(request, slug, uuid)
    if not may_edit(request.user, schedule):
        raise PermissionDenied(refusal(request.user, schedule.project, "change this schedule"))
    return schedule
