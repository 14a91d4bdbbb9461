"""The lists of runs and of submissions. Keyset paging, no counting, filters in the URL."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from mantik.lib.paging import page_by_pk
from projects.permissions import Action, may
from projects.views.loading import project_or_404
from runs.following.outcomes import may_change
from runs.models import Run
from runs.pages.filters import RunFilter
from runs.pages.rows import run_rows

PAGE_SIZE = 50


@require_GET
def run_list(request: HttpRequest, slug: str) -> HttpResponse:
    return _list(request, slug, nav="runs", template="runs/list.html")


@require_GET
def submissions(request: HttpRequest, slug: str) -> HttpResponse:
    return _list(request, slug, nav="submissions", template="runs/submissions.html")


def _list(request: HttpRequest, slug: str, *, nav: str, template: str) -> HttpResponse:
    project = project_or_404(request, slug)
    now = timezone.now()
    filters = RunFilter(request.GET, project=project, path=request.path, now=now)
    runs = filters.apply(Run.objects.filter(project=project)).for_rows()
    page = page_by_pk(runs, cursor=request.GET.get("page", ""), size=PAGE_SIZE)
    is_live = page.newer is None and any(may_change(run, now=now) for run in page.rows)
    context = {
        "project": project,
        "nav": nav,
        "filters": filters,
        "rows": run_rows(page.rows, user=request.user, project=project, now=now),
        "page": page,
        "is_live": is_live,
        "may_run": may(request.user, Action.ADD_RUN, project),
    }
    return render(request, template, context)
