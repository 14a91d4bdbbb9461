"""What one can do and where one can go, found by words: those of the project that is open, and of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from mantik.accounts.models import User
from mantik.navigation import SidebarItem, project_sidebar, settings_sidebar
from mantik.search.find import Hit, Hits
from projects.models import Project
from projects.permissions import Action, may

_IN_PROJECT = (
    (Action.ADD_RUN, "New run", "runs:new", "plus-lg"),
    (Action.ADD_SCHEDULE, "Add schedule", "schedules:add", "calendar3"),
    (Action.ADD_EXPERIMENT, "Add experiment", "projects:experiment-add", "graph-up"),
    (Action.ADD_CODE_REPOSITORY, "Add code repository", "projects:code-add", "git"),
    (Action.MANAGE_MEMBERS, "Invite somebody", "projects:invite", "people"),
)
_ANYWHERE = (
    ("New project", "projects:add", "plus-lg"),
    ("Add connection", "connections:add", "plug"),
    ("Add token", "tokens:add", "key"),
)


def actions(text: str, *, user: User | AnonymousUser, project: Project | None) -> list[Hits]:
    """Actions and pages that have each word of `text`, whatever the case; all of them for ""."""
    kinds = [
        Hits("Actions", _matching(text, _actions(user, project))),
        Hits("Go to", _matching(text, _places(user, project))),
    ]
    found = [kind for kind in kinds if kind.hits]
    return [*found, _docs(text)] if text else found


def _matching(text: str, hits: Iterator[Hit]) -> list[Hit]:
    words = text.casefold().split()
    return [hit for hit in hits if all(word in hit.name.casefold() for word in words)]


def _actions(user: User | AnonymousUser, project: Project | None) -> Iterator[Hit]:
    if project:
        for action, label, name, icon in _IN_PROJECT:
            if may(user, action, project):
                yield Hit(label, reverse(name, args=[project.slug]), project.name, icon=icon)
    if user.is_authenticated:
        for label, name, icon in _ANYWHERE:
            yield Hit(label, reverse(name), icon=icon)


def _places(user: User | AnonymousUser, project: Project | None) -> Iterator[Hit]:
    if project:
        for group in project_sidebar(project=project, user=user, current="", counts={}):
            yield from _all(group, project.name)
    yield Hit("All projects", reverse("projects:list"), icon="list")
    if user.is_authenticated:
        yield from _all(settings_sidebar(current=""), "Settings")
    else:
        yield Hit("Sign in", reverse("account_login"), icon="box-arrow-in-right")
    yield Hit("Docs", reverse("docs:index"), icon="question-circle")


def _all(items: list[SidebarItem], note: str) -> Iterator[Hit]:
    for item in items:
        yield Hit(item.label, item.url, note, icon=item.icon)
        for child in item.children:
            yield Hit(child.label, child.url, note, icon=item.icon)


def _docs(text: str) -> Hits:
    url = f"{reverse('docs:search')}?{urlencode({'q': text})}"
    return Hits("Docs", [Hit(f"Search the docs for “{text}”", url, icon="question-circle")])
