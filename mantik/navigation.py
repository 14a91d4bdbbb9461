"""The rooms of the sidebars: one line each, in the order they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from mantik.accounts.models import User
from projects.models import Project
from projects.permissions import Action, may


@dataclass(frozen=True)
class Room:
    """A page that the sidebar leads to.

    A number may stand beside it (`nav_counts[id]`), in `hue`, where it asks for action. In a project it is shown
    to those who may do what it `needs`. `url`, `is_current` and `count` are filled in for one request by
    `project_rooms` and `settings_rooms`.
    """

    id: str
    label: str
    url_name: str
    icon: str = ""
    hue: str = "bad"
    children: tuple[Room, ...] = ()
    needs: Action = Action.VIEW_PROJECT
    url: str = ""
    is_current: bool = False
    count: int = 0


# A hairline separates the groups.
PROJECT_ROOMS: tuple[tuple[Room, ...], ...] = (
    (
        Room("overview", "Overview", "projects:overview", icon="columns-gap"),
        Room(
            "runs",
            "Runs",
            "runs:list",
            icon="collection-play",
            children=(Room("submissions", "Submissions", "runs:submissions"),),
        ),
        Room("schedules", "Schedules", "schedules:list", icon="calendar3", hue="wait"),
        Room("experiments", "Experiments", "projects:experiments", icon="graph-up"),
        Room("models", "Models", "models:list", icon="box-seam"),
        Room("code", "Code", "projects:code", icon="git"),
    ),
    (
        Room("members", "Members", "projects:members", icon="people", needs=Action.VIEW_MEMBERS),
        Room("settings", "Settings", "projects:settings", icon="gear", needs=Action.EDIT_PROJECT),
    ),
)

SETTINGS_ROOMS: tuple[Room, ...] = (
    Room("account", "Account", "accounts:account", icon="person-circle"),
    Room("connections", "Connections", "connections:list", icon="plug"),
    Room("tokens", "Tokens", "tokens:list", icon="key"),
    Room("notices", "Notices", "notices:list", icon="bell"),
    Room("groups", "Groups", "projects:groups", icon="people"),
    Room("invitations", "Invitations", "projects:invitations", icon="envelope"),
)


def project_rooms(
    *, project: Project, user: User | AnonymousUser, current: str, counts: Mapping[str, int]
) -> list[list[Room]]:
    """The sidebar of `project` as `user` sees it, `current` being the id of the room that is open."""
    groups = [
        [_open(room, [project.slug], current, counts) for room in group if may(user, room.needs, project)]
        for group in PROJECT_ROOMS
    ]
    return [group for group in groups if group]


def settings_rooms(*, current: str) -> list[Room]:
    """The sidebar of a user's own settings."""
    return [_open(room, [], current, {}) for room in SETTINGS_ROOMS]


def _open(room: Room, arguments: list[str], current: str, counts: Mapping[str, int]) -> Room:
    return replace(
        room,
        url=reverse(room.url_name, args=arguments),
        is_current=room.id == current,
        count=counts.get(room.id, 0),
        children=tuple(_open(child, arguments, current, counts) for child in room.children),
    )
