"""The tabs of a project's settings."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from mantik.accounts.models import User
from projects.models import Project
from projects.permissions import Action, may

_TABS = (
    ("general", "General", "projects:settings", Action.EDIT_PROJECT),
    ("activity", "Activity", "projects:activity", Action.VIEW_ACTIVITY),
)


def settings_tabs(project: Project, user: User, *, current: str) -> list[dict[str, Any]]:
    """The tabs for components/tabs.html; none if there would be only one."""
    tabs = [
        {"id": tab, "label": label, "url": reverse(name, args=[project.slug]), "is_current": tab == current}
        for tab, label, name, action in _TABS
        if may(user, action, project)
    ]
    return tabs if len(tabs) > 1 else []
