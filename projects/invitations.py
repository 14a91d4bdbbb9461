"""Inviting people, and their answers. An answer is a compare-and-set: it counts once, and never after withdrawal."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from mantik.accounts.models import User
from projects.models import Invitation, Membership, Project
from projects.permissions import Role

USUAL_DAYS = 14
# How long one is told of an invitation that came to nothing.
REMEMBERED = timedelta(days=30)


class NotInvited(Exception):
    """This person cannot be invited; the text says why, for the owner who asks."""


class NotOpen(Exception):
    """The invitation is not open any more; the text says what became of it."""


def person_named(text: str) -> User:
    """The account with this user name or, if there is an @ in it, this e-mail address. Raises NotInvited.

    Somebody who takes another's e-mail address as user name is not found by it.
    """
    active = User.objects.filter(is_active=True)
    found = list(active.filter(email__iexact=text)[:2] if "@" in text else active.filter(username=text)[:1])
    if len(found) > 1:
        raise NotInvited(f"Several accounts have the address {text}. Invite by user name.")
    if not found:
        raise NotInvited(f"There is no account {text}. Check the spelling, or ask them to get an account first.")
    return found[0]


def invite(*, project: Project, user: User, role: Role, days: int, invited_by: User, now: datetime) -> Invitation:
    """Raises NotInvited when `user` is a member, or has an open invitation."""
    if Membership.objects.filter(project=project, user=user).exists():
        raise NotInvited(f"{user.display_name} is a member already. Change the role in the list of members.")
    try:
        with transaction.atomic():
            earlier = Invitation.objects.filter(project=project, user=user)
            earlier.filter(state=Invitation.State.OPEN, expires_at__lte=now).update(
                state=Invitation.State.EXPIRED, closed_at=now
            )
            return Invitation.objects.create(
                project=project,
                user=user,
                role=role,
                invited_by=invited_by,
                created_at=now,
                expires_at=now + timedelta(days=days),
            )
    except IntegrityError:
        raise NotInvited(f"{user.display_name} has an open invitation already. Withdraw it to invite anew.") from None


def accept(*, invitation: Invitation, now: datetime) -> None:
    """Who became a member in the meantime keeps that role. Raises NotOpen."""
    with transaction.atomic():
        _close(invitation, Invitation.State.ACCEPTED, now=now)
        Membership.objects.get_or_create(
            project=invitation.project, user=invitation.user, defaults={"role": invitation.role}
        )


def decline(*, invitation: Invitation, now: datetime) -> None:
    """Raises NotOpen."""
    _close(invitation, Invitation.State.DECLINED, now=now)


def withdraw(*, invitation: Invitation, now: datetime) -> None:
    """Raises NotOpen."""
    _close(invitation, Invitation.State.WITHDRAWN, now=now)


def awaiting(user: User, *, now: datetime) -> int:
    """How many invitations wait for an answer of `user`."""
    return Invitation.objects.open(now=now).filter(user=user).count()


def outcome(invitation: Invitation) -> str:
    """What became of an invitation that is not open, as a sentence."""
    if invitation.is_expired:
        return f"The invitation to {invitation.project.name} has expired. Ask an owner of the project for a new one."
    if invitation.state == Invitation.State.WITHDRAWN:
        return f"The invitation to {invitation.project.name} was withdrawn by an owner of the project."
    return f"The invitation to {invitation.project.name} was {invitation.get_state_display().lower()} before."


def _close(invitation: Invitation, state: Invitation.State, *, now: datetime) -> None:
    still_open = Invitation.objects.open(now=now).filter(pk=invitation.pk)
    if not still_open.update(state=state, closed_at=now):
        invitation.refresh_from_db(fields=["state", "closed_at", "expires_at"])
        raise NotOpen(outcome(invitation))
