"""The docs: contents, pages, search. The same for everybody, signed in or not."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from mantik.docs.library import library
from mantik.docs.searching import LONGEST_QUERY, clean, find
from mantik.lib.search_form import SearchBox, SearchForm

_BOX = SearchBox("docs", hint="Search the docs", css_class="docs-search")


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    return _shown(request, "docs/index.html")


@require_GET
def page(request: HttpRequest, slug: str) -> HttpResponse:
    found = library().pages.get(slug)
    if found is None:
        raise Http404
    before, after = library().neighbours(found)
    return _shown(request, "docs/page.html", page=found, before=before, after=after)


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    asked = clean(request.GET.get("q", ""))
    is_long = len(asked) > LONGEST_QUERY
    found = find(asked, library()) if asked and not is_long else None
    asked = asked[:LONGEST_QUERY]
    return _shown(request, "docs/search.html", asked, found=found, is_long=is_long, longest=LONGEST_QUERY)


def _shown(request: HttpRequest, template: str, asked: str = "", **context: Any) -> HttpResponse:
    form = SearchForm(_BOX, name="q", value=asked, carried=(), path=reverse("docs:search"))
    return render(request, template, {"library": library(), "asked": asked, "search": form, **context})
