"""Settings > Activity: who changed what in a project."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET

from mantik.accounts.member_request import MemberRequest
from mantik.audit.csv_export import csv_response
from mantik.lib.paging import page_by
from projects.pages.activity import ActivityFilter
from projects.pages.settings_tabs import settings_tabs
from projects.permissions import Action
from projects.views.loading import project_or_404

PAGE_SIZE = 50


@login_required
@require_GET
def activity(request: MemberRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug, Action.VIEW_ACTIVITY)
    filters = ActivityFilter(request.GET, project=project, path=request.path)
    page = page_by("happened_at", filters.events(), cursor=request.GET.get("page", ""), size=PAGE_SIZE)
    context = {
        "project": project,
        "nav": "settings",
        "tabs": settings_tabs(project, request.user, current="activity"),
        "filters": filters,
        "events": page.rows,
        "page": page,
    }
    return render(request, "projects/activity.html", context)


@login_required
@require_GET
def activity_csv(request: MemberRequest, slug: str) -> HttpResponseBase:
    project = project_or_404(request, slug, Action.VIEW_ACTIVITY)
    filters = ActivityFilter(request.GET, project=project, path=request.path)
    return csv_response(filters.events(), filename=f"{project.slug}-activity.csv")
