"""Who is in a project, and in which role.

Every change locks the project, so that of two owners who step down at the same moment, the second one sees that the
first is gone: a project is never without an owner.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import models, transaction

from mantik.accounts.models import User
from mantik.audit.services import record
from projects.models import GroupMembership, Membership, Project, UserGroup
from projects.roles import Role


class LastOwner(Exception):
    """The project would have no owner; the text tells the member what to do."""


class NotAMember(Exception):
    """A person or group no longer has a role, or not the one that this needs, or something was just deleted.

    The text says which.
    """


def people_of(project: Project) -> models.QuerySet[User]:
    """Everybody who has a role in `project`, directly or by a group."""
    by_group = GroupMembership.objects.filter(project=project).values("group__people")
    own = Membership.objects.filter(project=project).values("user")
    return User.objects.filter(pk__in=own.union(by_group))


def roles_by_groups(project: Project, user: User) -> list[GroupMembership]:
    """The roles in `project` of the groups that `user` is in."""
    groups = UserGroup.objects.visible_to(user)
    return list(project.group_memberships.filter(group__in=groups).select_related("group").in_order())


def solely_owned_by(user: User) -> models.QuerySet[Project]:
    """The projects of which `user` is the only active owner."""
    others = Membership.objects.owners().exclude(user=user)
    own = Project.objects.filter(memberships__user=user, memberships__role=Role.OWNER)
    return own.exclude(pk__in=others.values("project")).order_by("name", "pk")


def change_role(*, project: Project, user: User, role: Role, actor: User) -> None:
    """Give a member another role. Raises LastOwner, NotAMember."""
    with _members_locked(project):
        membership = _membership(project, user)
        if role is not Role.OWNER:
            _check_not_last_owner(membership, remedy="Make another member an owner first.")
        if membership.role != role:
            _set_role(membership, role, actor=actor)


def remove_member(*, project: Project, user: User, actor: User) -> None:
    """Remove a member. What they added stays, and so do their roles by groups. Raises LastOwner, NotAMember."""
    with _members_locked(project):
        membership = _membership(project, user)
        _check_not_last_owner(membership, remedy="Hand it over to another member first, or delete the project.")
        membership.delete()
        verb = "member.left" if user == actor else "member.removed"
        record(verb, actor=actor, target=user, project=project, before={"role": membership.get_role_display()})


def hand_over(*, project: Project, owner: User, to: User) -> None:
    """`to` becomes an owner and `owner` a maintainer, both or neither. Raises LastOwner, NotAMember.

    LastOwner if `to` cannot take over because their account is not active.
    """
    with _members_locked(project):
        receiving, giving = _membership(project, to), _membership(project, owner)
        if giving.role != Role.OWNER:
            raise NotAMember(f"{owner.display_name} is no longer an owner of {project.name}.")
        if receiving.role != Role.OWNER:
            _set_role(receiving, Role.OWNER, actor=owner)
        if _is_last_owner(giving):
            raise LastOwner(
                f"{to.display_name} cannot take over {project.name}: their account is not active. Choose another "
                "member."
            )
        _set_role(giving, Role.MAINTAINER, actor=owner)


def add_group(*, project: Project, group: UserGroup, role: Role, actor: User) -> None:
    """Give everybody in `group` this role from now on, instead of the one the group had. Raises NotAMember."""
    with _members_locked(project):
        if not UserGroup.objects.select_for_update(no_key=True).filter(pk=group.pk).exists():
            raise NotAMember(f"The group {group.name} was just deleted.")
        given, is_new = GroupMembership.objects.get_or_create(project=project, group=group, defaults={"role": role})
        if is_new:
            record("group.given_role", actor=actor, target=group, project=project, after={"role": role.label})
        elif given.role != role:
            _set_group_role(given, role, actor=actor)


def change_group_role(*, project: Project, group: UserGroup, role: Role, actor: User) -> None:
    """Give a group another role. Raises NotAMember."""
    with _members_locked(project):
        given = _group_membership(project, group)
        if given.role != role:
            _set_group_role(given, role, actor=actor)


def remove_group(*, project: Project, group: UserGroup, actor: User) -> None:
    """Take the group's role away; its people keep their own roles. Raises NotAMember."""
    with _members_locked(project):
        given = _group_membership(project, group)
        given.delete()
        record("group.removed", actor=actor, target=group, project=project, before={"role": given.get_role_display()})


@contextmanager
def _members_locked(project: Project) -> Iterator[None]:
    """Lock the project: one change of members at a time. Adding runs and the like does not wait for it.

    Raises NotAMember if the project was deleted.
    """
    with transaction.atomic():
        # SQLite ignores select_for_update, but its transactions begin as the only one that writes (BEGIN IMMEDIATE).
        if not Project.objects.select_for_update(no_key=True).filter(pk=project.pk).exists():
            raise NotAMember(f"The project {project.name} was just deleted.")
        yield


def _membership(project: Project, user: User) -> Membership:
    membership = Membership.objects.filter(project=project, user=user).select_related("user", "project").first()
    if membership is None:
        raise NotAMember(f"{user.display_name} is no longer a member of {project.name}.")
    return membership


def _group_membership(project: Project, group: UserGroup) -> GroupMembership:
    given = GroupMembership.objects.filter(project=project, group=group).select_related("group", "project").first()
    if given is None:
        raise NotAMember(f"The group {group.name} no longer has a role in {project.name}.")
    return given


def _set_role(membership: Membership, role: Role, *, actor: User) -> None:
    before = {"role": membership.get_role_display()}
    membership.role = role
    membership.save(update_fields=["role"])
    change = {"before": before, "after": {"role": role.label}}
    record("member.role_changed", actor=actor, target=membership.user, project=membership.project, **change)


def _set_group_role(given: GroupMembership, role: Role, *, actor: User) -> None:
    before = {"role": given.get_role_display()}
    given.role = role
    given.save(update_fields=["role"])
    change = {"before": before, "after": {"role": role.label}}
    record("group.role_changed", actor=actor, target=given.group, project=given.project, **change)


def _is_last_owner(membership: Membership) -> bool:
    """Whether no other owner with an active account is in the project."""
    others = Membership.objects.owners().filter(project=membership.project_id).exclude(pk=membership.pk)
    return membership.role == Role.OWNER and not others.exists()


def _check_not_last_owner(membership: Membership, *, remedy: str) -> None:
    if _is_last_owner(membership):
        name, project = membership.user.display_name, membership.project.name
        raise LastOwner(f"{name} is the last owner of {project}, and a project needs one. {remedy}")
