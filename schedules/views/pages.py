"""The pages of schedules: the list, one schedule with its slots, and the calendar."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from mantik.lib.paging import page_by_pk
from projects.permissions import Action, may
from projects.views.loading import project_or_404
from schedules.models import Schedule
from schedules.pages.detail import schedule_page
from schedules.pages.filters import ScheduleFilter
from schedules.pages.rows import schedule_rows
from schedules.pages.week import week_of
from schedules.views.loading import schedule_or_404

PAGE_SIZE = 50


@require_GET
def schedule_list(request: HttpRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug)
    filters = ScheduleFilter(request.GET, path=request.path)
    found = filters.apply(Schedule.objects.filter(project=project)).for_rows()
    page = page_by_pk(found, cursor=request.GET.get("page", ""), size=PAGE_SIZE)
    context = {
        "project": project,
        "nav": "schedules",
        "filters": filters,
        "rows": schedule_rows(page.rows, user=request.user, project=project),
        "page": page,
        "may_add": may(request.user, Action.ADD_SCHEDULE, project),
    }
    return render(request, "schedules/list.html", context)


@require_GET
def detail(request: HttpRequest, slug: str, uuid: UUID) -> HttpResponse:
    schedule = schedule_or_404(request, slug, uuid)
    context = schedule_page(schedule, user=request.user, query=request.GET, now=timezone.now())
    return render(request, "schedules/detail.html", context)


@require_GET
def calendar(request: HttpRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug)
    week = week_of(project, asked=request.GET.get("week", ""), path=request.path, now=timezone.now())
    return render(request, "schedules/calendar.html", {"project": project, "nav": "schedules", "week": week})
