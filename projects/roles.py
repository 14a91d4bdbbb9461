"""The five roles that a member can have, and the rule that one of them is always taken."""

from __future__ import annotations

from typing import Any

from django.db import models


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


# What a group can be. A project's owner is a person, whom one can ask.
GROUP_ROLES: tuple[Role, ...] = (Role.GUEST, Role.REPORTER, Role.RESEARCHER, Role.MAINTAINER)

ROLE_MEANING: dict[Role, str] = {
    Role.GUEST: "reads everything in the project",
    Role.REPORTER: "also downloads artifacts and models",
    Role.RESEARCHER: "also adds code, experiments, runs and schedules, registers models, and ends and deletes "
    "their own",
    Role.MAINTAINER: "also ends and deletes anyone's runs, edits anyone's code repositories, experiments and "
    "schedules, and keeps the project's name, description and labels",
    Role.OWNER: "also decides who is in the project, who sees it, its address and its end",
}


def cascade_unless_last_owner(collector: Any, field: Any, sub_objs: Any, using: str) -> None:
    """`on_delete` of a membership's user. Raises ProtectedError when a project's last owner would go.

    An owner whose account is switched off cannot act, and an owner who goes in the same breath does not count.
    """
    going = list(sub_objs)
    owned = [membership for membership in going if membership.role == Role.OWNER]
    if owned:
        others = type(owned[0]).objects.using(using).owners().exclude(pk__in=[one.pk for one in going])
        kept = set(others.filter(project__in=[one.project_id for one in owned]).values_list("project", flat=True))
        if last := {one for one in owned if one.project_id not in kept}:
            raise models.ProtectedError("A project would be without an owner. Make another member one first.", last)
    models.CASCADE(collector, field, sub_objs, using)
