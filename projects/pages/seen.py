"""For queries of something in a project: whether a user may see it, and what their role is, without further queries.

`user`: the primary key, None for somebody who is not signed in.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import IntegerField, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.lookups import Exact

from mantik.accounts.models import User
from projects.models import GroupMember, GroupMembership, Membership, Project
from projects.querysets import rank_of_role

Rows = TypeVar("Rows", bound=QuerySet[Any, Any])


def project_seen(slug: str, user: int | None) -> Subquery:
    """The primary key of the project with the address `slug`; null if `user` may not see it, or there is none."""
    visible = Project.objects.visible_to(AnonymousUser() if user is None else User(pk=user))
    return Subquery(visible.filter(slug=slug).values("pk")[:1])


def of_project_seen(rows: Rows, slug: str, user: int | None) -> Rows:
    """Of `rows`, which have a project, those of the one with the address `slug`; none if `user` may not see it.

    For lists. The planner is told which project that is now: projects differ in size by far, and what the database
    looks up only while it runs the query leaves the planner to guess. `project_seen` asks each time whether it still
    is that one.
    """
    seen = project_seen(slug, user)
    known = Project.objects.filter(slug=slug).values_list("pk", flat=True).first()
    if known is None:
        return rows.filter(project=seen)
    return rows.filter(Exact(seen, Value(known)), project=known)


def roles_seen(slug: str, user: int | None) -> list[Combinable]:
    """What decides on the role of `user` there: the rank of the role of their own, and the highest one by a group."""
    if user is None:
        return [Value(None, output_field=IntegerField())]
    own = Membership.objects.filter(user=user, project__slug=slug)
    groups = GroupMember.objects.filter(user=user).values("group")
    by_group = GroupMembership.objects.filter(group__in=groups, project__slug=slug)
    return [Subquery(rows.order_by(rank_of_role()).values(rank=rank_of_role())[:1]) for rows in (own, by_group)]
