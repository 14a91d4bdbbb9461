"""The two views of all runs of a project."""

from __future__ import annotations

from django.urls import reverse

_VIEWS = {"list": "List", "table": "Table"}


def tabs(slug: str, *, current: str) -> list[dict[str, object]]:
    """For components/tabs.html. `current`: "list" or "table"."""
    return [
        {"id": name, "label": label, "url": reverse(f"runs:{name}", args=[slug]), "is_current": name == current}
        for name, label in _VIEWS.items()
    ]
