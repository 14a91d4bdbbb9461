"""User groups: who is in them, and who decides that.

Every change of people locks the group, so that of two admins who leave at the same moment, the second one sees that the
first is gone: a group is never without an admin. The people of a group gain and lose its roles in projects, so who
comes and goes is recorded in the activity of those projects, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse

from mantik.accounts import sign_up
from mantik.accounts.models import User
from mantik.audit.services import record
from mantik.notices.services import notify
from projects.models import GroupMember, Membership, Project, UserGroup


class GroupNameTaken(Exception):
    """Another group has that name."""


class NotAdded(Exception):
    """This person cannot be added to a group; the text tells the admin why."""


class LastAdmin(Exception):
    """The group would have no admin; the text says what to do."""


class NotInGroup(Exception):
    """The person has left the group or was removed meanwhile, or the group was deleted; the text says which."""


def create_group(*, name: str, user: User) -> UserGroup:
    """Create a group with `user` as its first admin. Raises GroupNameTaken."""
    try:
        with transaction.atomic():
            group = UserGroup.objects.create(name=name, created_by=user)
            GroupMember.objects.create(group=group, user=user, is_admin=True)
            record("group.created", actor=user, target=group, after={"name": name})
    except IntegrityError:
        raise GroupNameTaken from None
    return group


def rename_group(*, group: UserGroup, name: str, actor: User) -> None:
    """Give a group another name. Raises GroupNameTaken, NotInGroup."""
    try:
        with _people_of(group):
            before = UserGroup.objects.get(pk=group.pk).name
            if name == before:
                return
            group.name = name
            group.save(update_fields=["name"])
            _record_for_projects("group.renamed", group, actor, before={"name": before}, after={"name": name})
    except IntegrityError:
        group.refresh_from_db(fields=["name"])
        raise GroupNameTaken from None


def delete_group(*, group: UserGroup, actor: User) -> None:
    """Delete the group: its people lose its roles in every project. Raises NotInGroup."""
    with _people_of(group):
        # Recorded first: without the group nobody knows its projects.
        _record_for_projects("group.deleted", group, actor, before={"name": group.name})
        group.delete()


def person_named(text: str, *, asked_by: User) -> User:
    """The account with that user name or e-mail address. Raises NotAdded.

    An e-mail address finds only people with whom `asked_by` shares a project or a group, so that nobody can find out
    whether a stranger has an account.
    """
    if "@" in text:
        known = User.objects.filter(pk__in=_known_to(asked_by), is_active=True)
        verified = EmailAddress.objects.filter(email__iexact=text, verified=True)
        person = known.filter(pk__in=verified.values("user")).first()
        if person is None:
            raise NotAdded(f"Nobody in your projects and groups has the address {text}. Ask for their user name.")
        return person
    person = User.objects.called(text)
    if person is None or not person.is_active:
        way = "ask the operators for one"
        if sign_up.is_offered():
            way = "an owner of a project can invite them by e-mail address"
        raise NotAdded(f"There is no account named {text}. Check the spelling. If they have no account yet, {way}.")
    return person


def add_person(*, group: UserGroup, user: User, actor: User) -> None:
    """Add `user` to a group and notify them. They may leave at any time.

    Raises NotInGroup, and NotAdded if they are in the group already.
    """
    with _people_of(group):
        _, is_new = GroupMember.objects.get_or_create(group=group, user=user)
        if not is_new:
            raise NotAdded(f"{user.display_name} is already in the group.")
        _record_for_projects("group.person_added", group, actor, after={"person": user.username})
        if user != actor:
            text = (
                f"{actor.display_name} added you to the group {group.name}. In each project where the group has a "
                "role, you now have at least that role."
            )
            notify(user=user, text=text, url=reverse("projects:group", args=[group.uuid]))


def remove_person(*, group: UserGroup, user: User, actor: User) -> None:
    """Remove `user` from a group, or let them leave. Raises LastAdmin, NotInGroup."""
    with _people_of(group):
        member = _member(group, user)
        _check_not_last_admin(member)
        member.delete()
        verb = "group.person_left" if user == actor else "group.person_removed"
        _record_for_projects(verb, group, actor, before={"person": user.username})


def set_admin(*, group: UserGroup, user: User, is_admin: bool, actor: User) -> None:
    """Make `user` an admin of a group, or no longer one. Raises LastAdmin, NotInGroup."""
    with _people_of(group):
        member = _member(group, user)
        if member.is_admin == is_admin:
            return
        if not is_admin:
            _check_not_last_admin(member)
        member.is_admin = is_admin
        member.save(update_fields=["is_admin"])
        verb = "group.admin_made" if is_admin else "group.admin_unmade"
        record(verb, actor=actor, target=group, after={"person": user.username})


def administers(user: User, group: UserGroup) -> bool:
    return GroupMember.objects.filter(group=group, user=user, is_admin=True).exists()


def solely_administered_by(user: User) -> list[UserGroup]:
    """The groups with other people in them of which `user` is the only active admin."""
    others = GroupMember.objects.admins().exclude(user=user)
    own = UserGroup.objects.filter(members__user=user, members__is_admin=True)
    peopled = GroupMember.objects.exclude(user=user).values("group")
    return list(own.filter(pk__in=peopled).exclude(pk__in=others.values("group")).in_order())


@contextmanager
def _people_of(group: UserGroup) -> Iterator[None]:
    """Lock the group, so that one change is made at a time. Raises NotInGroup if it was deleted."""
    with transaction.atomic():
        if not UserGroup.objects.select_for_update(no_key=True).filter(pk=group.pk).exists():
            raise NotInGroup(f"The group {group.name} was just deleted.")
        yield


def _member(group: UserGroup, user: User) -> GroupMember:
    member = GroupMember.objects.filter(group=group, user=user).select_related("user", "group").first()
    if member is None:
        raise NotInGroup(f"{user.display_name} is no longer in the group {group.name}.")
    return member


def _check_not_last_admin(member: GroupMember) -> None:
    if not member.is_admin:
        return
    if not GroupMember.objects.admins().filter(group=member.group_id).exclude(pk=member.pk).exists():
        name, group = member.user.display_name, member.group.name
        raise LastAdmin(f"{name} is the last admin of {group}. Make somebody else an admin first, or delete the group.")


def _known_to(user: User) -> Any:
    """People who share a group or a project with `user`."""
    projects = Project.objects.joined_by(user).values("pk")
    groups = UserGroup.objects.visible_to(user) | UserGroup.objects.filter(memberships__project__in=projects)
    return User.objects.filter(
        Q(pk__in=Membership.objects.filter(project__in=projects).values("user"))
        | Q(pk__in=GroupMember.objects.filter(group__in=groups.values("pk")).values("user"))
    ).values("pk")


def _record_for_projects(verb: str, group: UserGroup, actor: User, **changed: Any) -> None:
    """Record an event of the group for each project in which it has a role; without any, for operators alone."""
    projects: list[Project | None] = list(Project.objects.filter(group_memberships__group=group).order_by("pk"))
    for project in projects or [None]:
        record(verb, actor=actor, target=group, project=project, **changed)
