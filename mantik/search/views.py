"""The search page, its part that the palette shows (Ctrl-K), and the list of keys."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_GET

from mantik.lib.query_values import without_nul
from mantik.lib.search_form import SearchBox, SearchForm
from mantik.search.actions import actions
from mantik.search.find import LONGEST, find
from projects.models import Project

_BOX = SearchBox("everything", by="name", hint="Project, run, model, schedule, action", css_class="search-all")


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    found = _found(request)
    project: Project | None = found["within"]
    carried = [("project", project.slug)] if project else []
    form = SearchForm(_BOX, name="q", value=found["asked"], carried=carried, path=reverse("search:search"))
    return render(request, "search/search.html", {**found, "search": form})


@require_GET
def found_alone(request: HttpRequest) -> HttpResponse:
    """What the palette shows below its field."""
    response = render(request, "search/_found.html", _found(request))
    add_never_cache_headers(response)
    return response


@require_GET
def keys(request: HttpRequest) -> HttpResponse:
    return render(request, "search/keys.html")


def _found(request: HttpRequest) -> dict[str, Any]:
    """`within`: the project from which somebody searches, which comes first; None if they may not see it."""
    asked = without_nul(request.GET.get("q", "")).strip()
    slug = without_nul(request.GET.get("project", "")).strip()
    within = Project.objects.visible_to(request.user).filter(slug=slug).first() if slug else None
    is_long = len(asked) > LONGEST
    kinds = [] if is_long else actions(asked, user=request.user, project=within)
    if asked and not is_long:
        kinds = [*find(asked, user=request.user, project=within), *kinds]
    return {"asked": asked[:LONGEST], "is_long": is_long, "longest": LONGEST, "within": within, "kinds": kinds}
