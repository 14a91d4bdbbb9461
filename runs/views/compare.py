"""Several runs side by side. The address is the comparison: ?run=UUID&run=UUID."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from mantik.lib.downloads import LongResponse
from projects.permissions import Action, may
from projects.views.loading import project_or_404
from runs.models import Run
from runs.results.comparison import (
    MOST,
    MOST_CURVES,
    NotComparable,
    chosen_runs,
    comparison,
    comparison_csv,
    comparison_json,
    comparison_of_many,
)
from runs.views.metrics import drawn, listed


@require_GET
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    project = project_or_404(request, slug)
    context = {"project": project, "nav": "runs", "may_run": may(request.user, Action.ADD_RUN, project)}
    try:
        runs = chosen_runs(project, request.GET.getlist("run"))
    except NotComparable as problem:
        return render(request, "runs/compare.html", context | {"problem": str(problem)}, status=problem.status)
    if len(runs) > MOST_CURVES:
        return render(request, "runs/compare_many.html", context | comparison_of_many(project, runs))
    return render(request, "runs/compare.html", context | comparison(project, runs, now=timezone.now()))


@gzip_page
@require_GET
def metrics(request: HttpRequest, slug: str) -> HttpResponseBase:
    return _answer(request, slug, lambda runs: listed(request, runs), most=MOST_CURVES)


@gzip_page
@require_GET
def points(request: HttpRequest, slug: str) -> HttpResponseBase:
    return _answer(request, slug, lambda runs: drawn(request, runs), most=MOST_CURVES)


@require_GET
def as_csv(request: HttpRequest, slug: str) -> HttpResponseBase:
    def answer(runs: list[Run]) -> HttpResponseBase:
        lines = (line.encode() for line in comparison_csv(runs, now=timezone.now()))
        headers = {"Content-Disposition": 'attachment; filename="comparison.csv"'}
        return LongResponse(request, lines, content_type="text/csv; charset=utf-8", headers=headers)

    return _answer(request, slug, answer)


@require_GET
def as_json(request: HttpRequest, slug: str) -> HttpResponseBase:
    return _answer(request, slug, lambda runs: JsonResponse(comparison_json(runs, now=timezone.now())))


def _answer(
    request: HttpRequest, slug: str, answer: Callable[[list[Run]], HttpResponseBase], *, most: int = MOST
) -> HttpResponseBase:
    project = project_or_404(request, slug)
    try:
        runs = chosen_runs(project, request.GET.getlist("run"), most=most)
    except NotComparable as problem:
        return JsonResponse({"problem": str(problem)}, status=problem.status)
    return answer(runs)
