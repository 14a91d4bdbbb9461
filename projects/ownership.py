"""A project always has an owner, also when accounts go."""

from __future__ import annotations

from typing import Any

from django.db import models

from projects.permissions import Role


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
