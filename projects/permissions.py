"""The one table that says who may do what in a project. Everything asks it: views, templates, services, workers."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db import models

if TYPE_CHECKING:
    from mantik.accounts.models import User
    from projects.models import Project


class Role(models.TextChoices):
    """What a member is in a project, least first."""

    GUEST = "guest", "Guest"
    REPORTER = "reporter", "Reporter"
    RESEARCHER = "researcher", "Researcher"
    MAINTAINER = "maintainer", "Maintainer"
    OWNER = "owner", "Owner"

    def at_least(self, other: Role) -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)


class Action(StrEnum):
    VIEW_PROJECT = "view project"
    ADD_CODE_REPOSITORY = "add code repository"
    ADD_EXPERIMENT = "add experiment"
    DOWNLOAD_ARTIFACTS = "download artifacts"
    ADD_RUN = "add run"
    CANCEL_OWN_RUN = "cancel own run"
    DELETE_OWN_RUN = "delete own run"
    CANCEL_ANY_RUN = "cancel anyone's run"
    DELETE_ANY_RUN = "delete anyone's run"


LEAST_ROLE: dict[Action, Role] = {
    Action.VIEW_PROJECT: Role.GUEST,
    Action.DOWNLOAD_ARTIFACTS: Role.REPORTER,
    Action.ADD_CODE_REPOSITORY: Role.RESEARCHER,
    Action.ADD_EXPERIMENT: Role.RESEARCHER,
    Action.ADD_RUN: Role.RESEARCHER,
    Action.CANCEL_OWN_RUN: Role.RESEARCHER,
    Action.DELETE_OWN_RUN: Role.RESEARCHER,
    Action.CANCEL_ANY_RUN: Role.MAINTAINER,
    Action.DELETE_ANY_RUN: Role.MAINTAINER,
}


def role_of(user: User | AnonymousUser, project: Project) -> Role | None:
    """The role of `user` in `project`, None for an outsider. One query, remembered on the user."""
    if not user.is_authenticated:
        return None
    known: dict[int, Role | None] = user.__dict__.setdefault("_role_by_project", {})
    if project.pk not in known:
        role = project.memberships.filter(user=user).values_list("role", flat=True).first()
        known[project.pk] = Role(role) if role else None
    return known[project.pk]


def may(user: User | AnonymousUser, action: Action, project: Project) -> bool:
    """Whether `user` may do `action` in `project`. Anybody may look at a public project."""
    if action is Action.VIEW_PROJECT and project.is_public:
        return True
    if user.is_authenticated and not user.is_active:
        return False
    role = role_of(user, project)
    return role is not None and role.at_least(LEAST_ROLE[action])
