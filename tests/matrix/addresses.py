"""Every address, and those of a project and below it, as the URL configuration has them."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

PROJECT = "projects/<slug:slug>/"


def project_pages() -> dict[str, str]:
    """The route of each page by its name, which for one without a name is its route."""
    return {name: route for name, route in pages().items() if route.startswith(PROJECT)}


def pages() -> dict[str, str]:
    """As `project_pages`, all there are."""
    found = [(name or route, route) for name, route in _walk(get_resolver(), "", "")]
    assert len(found) == len(dict(found)), "two pages share a name"
    return dict(found)


def _walk(resolver: URLResolver, route: str, namespace: str) -> Iterator[tuple[str, str]]:
    for entry in resolver.url_patterns:
        here = route + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield (f"{namespace}{entry.name}" if entry.name else ""), here
        else:
            yield from _walk(entry, here, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
