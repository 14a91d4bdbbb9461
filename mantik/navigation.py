"""The items of the sidebars: one line each, in the order they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from mantik.accounts.models import User
from projects.models import Project
from projects.permissions import Action, may


@dataclass(frozen=True)
class SidebarItem:
    """An item of a sidebar.

    It may have a count (`nav_counts[id]`), in `hue`, of what needs attention. In a project it is shown only to people
    who may do what it `needs`. `project_sidebar` and `settings_sidebar` fill in `url`, `is_current` and `count` for one
    request.
    """

    id: str
    label: str
    url_name: str
    icon: str = ""
    hue: str = "bad"
    children: tuple[SidebarItem, ...] = ()
    needs: Action = Action.VIEW_PROJECT
    url: str = ""
    is_current: bool = False
    count: int = 0


# A hairline separates the groups.
PROJECT_SIDEBAR: tuple[tuple[SidebarItem, ...], ...] = (
    (
        SidebarItem("overview", "Overview", "projects:overview", icon="columns-gap"),
        SidebarItem(
            "runs",
            "Runs",
            "runs:list",
            icon="collection-play",
            children=(SidebarItem("submissions", "Submissions", "runs:submissions"),),
        ),
        SidebarItem("schedules", "Schedules", "schedules:list", icon="calendar3", hue="wait"),
        SidebarItem("experiments", "Experiments", "projects:experiments", icon="graph-up"),
        SidebarItem("models", "Models", "registered_models:list", icon="box-seam"),
        SidebarItem("code", "Code", "projects:code", icon="git"),
    ),
    (
        SidebarItem("members", "Members", "projects:members", icon="people", needs=Action.VIEW_MEMBERS),
        SidebarItem("settings", "Settings", "projects:settings", icon="gear", needs=Action.EDIT_PROJECT),
    ),
)

SETTINGS_SIDEBAR: tuple[SidebarItem, ...] = (
    SidebarItem("account", "Account", "accounts:account", icon="person-circle"),
    SidebarItem("connections", "Connections", "connections:list", icon="plug"),
    SidebarItem("tokens", "Tokens", "tokens:list", icon="key"),
    SidebarItem("notices", "Notices", "notices:list", icon="bell"),
    SidebarItem("groups", "Groups", "projects:groups", icon="people"),
    SidebarItem("invitations", "Invitations", "projects:invitations", icon="envelope"),
)


def project_sidebar(
    *, project: Project, user: User | AnonymousUser, current: str, counts: Mapping[str, int]
) -> list[list[SidebarItem]]:
    """The sidebar of `project` as `user` sees it, `current` being the id of the item that is open."""
    groups = [
        [_open(item, [project.slug], current, counts) for item in group if may(user, item.needs, project)]
        for group in PROJECT_SIDEBAR
    ]
    return [group for group in groups if group]


def settings_sidebar(*, current: str) -> list[SidebarItem]:
    """The sidebar of a user's own settings."""
    return [_open(item, [], current, {}) for item in SETTINGS_SIDEBAR]


def _open(item: SidebarItem, arguments: list[str], current: str, counts: Mapping[str, int]) -> SidebarItem:
    return replace(
        item,
        url=reverse(item.url_name, args=arguments),
        is_current=item.id == current,
        count=counts.get(item.id, 0),
        children=tuple(_open(child, arguments, current, counts) for child in item.children),
    )
