"""Keeps old links working after the address of a project was changed."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from projects.views.loading import ProjectMoved


class FormerAddressMiddleware:
    """Redirects from any page below a project's former address to the same page below its present one.

    Only for reading: a POST to a former address is a 404, like everything else that does not exist.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        found = request.resolver_match
        if not isinstance(exception, ProjectMoved) or request.method != "GET" or found is None:
            return None
        url = reverse(found.view_name, kwargs=found.kwargs | {"slug": exception.slug})
        query = request.META.get("QUERY_STRING", "")
        response = HttpResponsePermanentRedirect(f"{url}?{query}" if query else url)
        # Browsers must not remember it: a project may move back, and each request has to check who may see the project.
        add_never_cache_headers(response)
        return response
