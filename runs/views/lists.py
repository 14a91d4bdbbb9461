"""The lists of runs and of submissions. Keyset paging, no counting, filters in the URL."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from mantik.lib.live import Shown, nothing_new, part
from mantik.lib.paging import page_by
from projects.permissions import Action, may
from projects.views.loading import project_or_404
from runs.following.outcomes import may_change
from runs.models import Run
from runs.pages.filters import RunFilter
from runs.pages.rows import run_rows
from runs.pages.tabs import tabs
from runs.pages.versions import list_version, right_for
from runs.querysets import NEWEST_BY

PAGE_SIZE = 50


@require_GET
def run_list(request: HttpRequest, slug: str) -> HttpResponse:
    return _list(request, slug, nav="runs", template="runs/list.html", rows="runs/_rows.html", css_id="run-rows")


@require_GET
def submissions(request: HttpRequest, slug: str) -> HttpResponse:
    return _list(
        request,
        slug,
        nav="submissions",
        template="runs/submissions.html",
        rows="runs/_submission_rows.html",
        css_id="submission-rows",
        has_local=False,
    )


def _list(
    request: HttpRequest, slug: str, *, nav: str, template: str, rows: str, css_id: str, has_local: bool = True
) -> HttpResponse:
    """`rows`: the template of the live part of the page, and `css_id` its id. `has_local`: local runs, too."""
    now = timezone.now()
    shown = Shown(request, now=now)
    version = ""
    if shown.is_part:
        # One more than is shown tells whether there are older ones.
        version = list_version(
            slug, request.GET, user=request.user.pk, most=PAGE_SIZE + 1, now=now, has_local=has_local
        )
    if shown.is_still(version):
        return nothing_new()
    project = project_or_404(request, slug)
    filters = RunFilter(request.GET, project=project, path=request.path, now=now)
    of_list = Run.objects.all() if has_local else Run.objects.without_local()
    runs = filters.apply(of_list.filter(project=project)).for_rows()
    page = page_by(NEWEST_BY, runs, cursor=request.GET.get("page", ""), size=PAGE_SIZE)
    is_live = page.newer is None and any(may_change(run, now=now) for run in page.rows)
    context = {
        "id": css_id,
        "project": project,
        "nav": nav,
        "filters": filters,
        "rows": run_rows(page.rows, user=request.user, project=project, now=now),
        "page": page,
        "live": shown.live(version, lasts=right_for(page.rows, now=now)) if is_live else None,
        "may_run": may(request.user, Action.ADD_RUN, project),
    }
    if shown.is_part:
        return part(request, rows, context)
    return render(request, template, context | {"tabs": tabs(slug, current="list")})
