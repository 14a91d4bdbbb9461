"""The five roles that a member can have, and the rule that a project always has an owner."""

from __future__ import annotations

from typing import Any

from django.db import models


class Role(models.TextChoices):
    """What a member may do in a project, from least to most."""

    GUEST = "guest", "Guest"
    REPORTER = "reporter", "Reporter"
    RESEARCHER = "researcher", "Researcher"
    MAINTAINER = "maintainer", "Maintainer"
    OWNER = "owner", "Owner"

    def at_least(self, other: Role) -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)


# The roles that a group can have. An owner has to be a person, so that there is somebody to ask.
GROUP_ROLES: tuple[Role, ...] = (Role.GUEST, Role.REPORTER, Role.RESEARCHER, Role.MAINTAINER)

ROLE_MEANING: dict[Role, str] = {
    Role.GUEST: "may view the project (code, experiments, runs, logs, metrics, models, schedules and members), but "
    "may not download artifacts or models",
    Role.REPORTER: "may do everything that a Guest may. May also download artifacts and models",
    Role.RESEARCHER: "may do everything that a Reporter may. May also add code repositories, experiments, runs and "
    "schedules, register models, and edit, cancel and delete what they added themselves",
    Role.MAINTAINER: "may do everything that a Researcher may, also with what others added. May also change the "
    "project's name, summary, description and labels",
    Role.OWNER: "may do everything that a Maintainer may. May also decide who is in the project and who can see it, "
    "see who changed what, change the project's address, and delete the project",
}


def cascade_unless_last_owner(collector: Any, field: Any, sub_objs: Any, using: str) -> None:
    """`on_delete` of a membership's user. Raises ProtectedError if a project would lose its last owner.

    Owners whose account is not active, and owners who are deleted in the same step, do not count.
    """
    deleted = list(sub_objs)
    owned = [membership for membership in deleted if membership.role == Role.OWNER]
    if owned:
        others = type(owned[0]).objects.using(using).owners().exclude(pk__in=[one.pk for one in deleted])
        kept = set(others.filter(project__in=[one.project_id for one in owned]).values_list("project", flat=True))
        if last := {one for one in owned if one.project_id not in kept}:
            raise models.ProtectedError("A project would have no owner. Make another member an owner first.", last)
    models.CASCADE(collector, field, sub_objs, using)
