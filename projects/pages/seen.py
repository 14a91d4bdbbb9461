"""For queries of something in a project: whether a user may see it, and what their role is, without further queries.

`user`: the primary key, None for somebody who is not signed in.
"""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import IntegerField, Subquery, Value
from django.db.models.expressions import Combinable

from mantik.accounts.models import User
from projects.models import GroupMember, GroupMembership, Membership, Project
from projects.querysets import rank_of_role


def project_seen(slug: str, user: int | None) -> Subquery:
    """The primary key of the project with the address `slug`; null if `user` may not see it, or there is none."""
    visible = Project.objects.visible_to(AnonymousUser() if user is None else User(pk=user))
    return Subquery(visible.filter(slug=slug).values("pk")[:1])


def roles_seen(slug: str, user: int | None) -> list[Combinable]:
    """What decides on the role of `user` there: the rank of the role of their own, and the highest one by a group."""
    if user is None:
        return [Value(None, output_field=IntegerField())]
    own = Membership.objects.filter(user=user, project__slug=slug)
    groups = GroupMember.objects.filter(user=user).values("group")
    by_group = GroupMembership.objects.filter(group__in=groups, project__slug=slug)
    return [Subquery(rows.order_by(rank_of_role()).values(rank=rank_of_role())[:1]) for rows in (own, by_group)]
