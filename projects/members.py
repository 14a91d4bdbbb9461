"""Who is in a project, and as what.

Every change holds a lock on the project, so that of two owners who step down at the same instant the second sees
that the first is gone: a project is never without an owner.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from mantik.accounts.models import User
from projects.models import Membership, Project
from projects.permissions import Role


class LastOwner(Exception):
    """The project would be without an owner; the text says what to do, for the member."""


class NotAMember(Exception):
    """Has left, or was removed, in the meantime."""


def change_role(*, project: Project, user: User, role: Role) -> None:
    """Raises LastOwner, NotAMember."""
    with _members_of(project):
        membership = _membership(project, user)
        if role is not Role.OWNER:
            _check_not_last_owner(membership, remedy="Make another member an owner first.")
        membership.role = role
        membership.save(update_fields=["role"])


def remove_member(*, project: Project, user: User) -> None:
    """What the member has added stays. Raises LastOwner, NotAMember."""
    with _members_of(project):
        membership = _membership(project, user)
        _check_not_last_owner(membership, remedy="Hand ownership over first.")
        membership.delete()


def hand_over(*, project: Project, owner: User, to: User) -> None:
    """`to` becomes an owner and `owner` a maintainer, both or neither. Raises LastOwner, NotAMember.

    LastOwner when `to` cannot take over, their account being switched off.
    """
    with _members_of(project):
        receiving, giving = _membership(project, to), _membership(project, owner)
        if giving.role != Role.OWNER:
            raise NotAMember(f"{owner.display_name} is no owner of {project.name} any more.")
        receiving.role = Role.OWNER
        receiving.save(update_fields=["role"])
        _check_not_last_owner(giving, remedy="Choose a member who can sign in.")
        giving.role = Role.MAINTAINER
        giving.save(update_fields=["role"])


@contextmanager
def _members_of(project: Project) -> Iterator[None]:
    """One change at a time per project. Adding runs and the like is not held up by it."""
    with transaction.atomic():
        # On SQLite every transaction has the whole database to itself.
        Project.objects.select_for_update(no_key=True).get(pk=project.pk)
        yield


def _membership(project: Project, user: User) -> Membership:
    membership = Membership.objects.filter(project=project, user=user).select_related("user").first()
    if membership is None:
        raise NotAMember(f"{user.display_name} is not a member of {project.name} any more.")
    return membership


def _check_not_last_owner(membership: Membership, *, remedy: str) -> None:
    if membership.role != Role.OWNER:
        return
    if not Membership.objects.owners().filter(project=membership.project_id).exclude(pk=membership.pk).exists():
        name, project = membership.user.display_name, membership.project.name
        raise LastOwner(f"{name} is the last owner of {project}, and a project always has one. {remedy}")
