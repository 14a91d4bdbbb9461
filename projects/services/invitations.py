"""Inviting people, and their answers. An answer is a compare-and-set: it counts once, and never after withdrawal.

People are invited by user name or by e-mail address. An owner who invites an address cannot find out whether an account
has it: whoever has confirmed the address finds the invitation, at once or after signing up.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from mantik.accounts import sign_up
from mantik.accounts.models import User
from mantik.audit.services import record
from mantik.lib.absolute_urls import absolute_url
from mantik.lib.attempts import Attempts
from mantik.lib.humanize import absolute_time
from mantik.notices.outbox import write_letter
from mantik.notices.services import notify
from projects.models import Invitation, Membership, Project
from projects.querysets import InvitationQuerySet
from projects.roles import Role

USUAL_DAYS = 14
# How long an invitation that expired or was withdrawn stays listed.
REMEMBERED = timedelta(days=30)
# Open invitations that a project may have, so that nobody can use Mantik to send mail to everybody.
MOST_OPEN = 100
# How many invitations one person may send in a day, and how many one person or address may get, whatever became of
# them: each is an e-mail.
SENT_BY = Attempts("invitations-sent", 100, timedelta(days=1))
SENT_TO = Attempts("invitations-received", 5, timedelta(days=1))


class NotInvited(Exception):
    """This person cannot be invited; the text tells the owner why."""


class NotOpen(Exception):
    """The invitation is no longer open; the text says what happened to it."""


def invitee(text: str) -> User | str:
    """The account with this user name or, if there is an @ in it, the e-mail address. Raises NotInvited."""
    if "@" in text:
        try:
            validate_email(text)
        except ValidationError:
            raise NotInvited(f"{text} is not an e-mail address. Check the spelling.") from None
        return text.lower()
    person = User.objects.called(text)
    if person is None or not person.is_active:
        raise NotInvited(f"There is no account named {text}. Check the spelling, or invite by e-mail address.")
    return person


def invite(*, project: Project, who: User | str, role: Role, days: int, invited_by: User, now: datetime) -> Invitation:
    """Invite an account, or an e-mail address (in lower case), and send an e-mail.

    Raises NotInvited if `who` is a member or has an open invitation, or the project has too many of these.
    """
    user, email = (who, "") if isinstance(who, User) else (None, who)
    if user and Membership.objects.filter(project=project, user=user).exists():
        raise NotInvited(f"{user.display_name} is already a member. You can change their role in the list of members.")
    if Invitation.objects.open(now=now).filter(project=project).count() >= MOST_OPEN:
        raise NotInvited(f"The project has {MOST_OPEN} open invitations, which is the limit. Withdraw one first.")
    _check_sent(invited_by, who)
    try:
        with transaction.atomic():
            _close_expired(Invitation.objects.filter(project=project, user=user, email=email), now=now)
            invitation = Invitation.objects.create(
                project=project,
                user=user,
                email=email,
                role=role,
                invited_by=invited_by,
                created_at=now,
                expires_at=now + timedelta(days=days),
            )
            record("invitation.sent", actor=invited_by, target=invitation, project=project, after={"role": role.label})
            _tell(invitation)
    except IntegrityError:
        name = user.display_name if user else email
        raise NotInvited(f"{name} already has an open invitation. Withdraw it to invite them again.") from None
    SENT_BY.note(str(invited_by.pk))
    SENT_TO.note(_receiver(who))
    return invitation


def _check_sent(invited_by: User, who: User | str) -> None:
    if SENT_BY.are_used_up(str(invited_by.pk)):
        raise NotInvited(f"You have sent {SENT_BY.most} invitations within a day, which is the limit. Go on tomorrow.")
    if SENT_TO.are_used_up(_receiver(who)):
        name = who.display_name if isinstance(who, User) else who
        raise NotInvited(
            f"{name} was sent {SENT_TO.most} invitations within a day, which is the limit. Invite them tomorrow."
        )


def _receiver(who: User | str) -> str:
    return f"user {who.pk}" if isinstance(who, User) else who


def accept(*, invitation: Invitation, user: User, now: datetime) -> None:
    """Make `user`, who has to be the one invited, a member. Raises NotOpen.

    If they became a member meanwhile, they keep the role that they have.
    """
    # This needs no lock of `projects.services.members`: a new member takes no role away from anybody.
    with transaction.atomic():
        _close(invitation, Invitation.State.ACCEPTED, now=now, actor=user, user=user)
        Membership.objects.get_or_create(project=invitation.project, user=user, defaults={"role": invitation.role})


def decline(*, invitation: Invitation, user: User, now: datetime) -> None:
    """Decline an invitation, for good. Raises NotOpen."""
    with transaction.atomic():
        _close(invitation, Invitation.State.DECLINED, now=now, actor=user)


def withdraw(*, invitation: Invitation, actor: User, now: datetime) -> None:
    """Withdraw an invitation, for good. Raises NotOpen."""
    with transaction.atomic():
        _close(invitation, Invitation.State.WITHDRAWN, now=now, actor=actor)


def count_unanswered(user: User, *, now: datetime) -> int:
    """How many invitations wait for the answer of `user`."""
    return Invitation.objects.open(now=now).for_person(user).count()


def invitations_to_answer_first(user: User) -> str:
    """The page of invitations for somebody who has one and is in no project yet; "" for everybody else."""
    if not count_unanswered(user, now=timezone.now()) or Project.objects.joined_by(user).exists():
        return ""
    return reverse("projects:invitations")


def is_invited(email: str, *, now: datetime | None = None) -> bool:
    """Whether this e-mail address has an open invitation: its owner may sign up where only invited people may."""
    invited = Invitation.objects.open(now=now or timezone.now())
    return bool(email) and invited.filter(email=email.lower()).exists()


def outcome(invitation: Invitation) -> str:
    """A sentence on what happened to an invitation that is not open."""
    if invitation.is_expired:
        return f"The invitation to {invitation.project.name} has expired. Ask an owner of the project for a new one."
    if invitation.state == Invitation.State.WITHDRAWN:
        return f"The invitation to {invitation.project.name} was withdrawn by an owner of the project."
    return f"The invitation to {invitation.project.name} was already {invitation.get_state_display().lower()}."


def _tell(invitation: Invitation) -> None:
    """Notify the account, or send a letter to the address: always the same one, whether or not an account has it.

    The bell counts open invitations itself, so the account's notice is listed, but not counted.
    """
    path = reverse("projects:invitations")
    sentence = (
        f"{invitation.inviter} invites you to the project {invitation.project.name} as {invitation.get_role_display()}."
    )
    if invitation.user:
        notify(user=invitation.user, text=f"{sentence} Accept or decline it.", url=path, bell=False)
        return
    until = absolute_time(invitation.expires_at)
    may_sign_up = sign_up.is_offered() or settings.MANTIK_OIDC_SIGN_UP
    without_account = "or sign up with it" if may_sign_up else "or ask the operators for one"
    paragraphs = [
        sentence,
        f"Sign in with an account that has the address {invitation.email}, {without_account}. Then accept or decline:",
        absolute_url(path),
        f"The invitation is open until {until}. If you do not know what this is about, you can ignore it.",
    ]
    write_letter(address=invitation.email, subject=sentence.rstrip("."), text="\n\n".join(paragraphs))


def _close_expired(earlier: InvitationQuerySet, *, now: datetime) -> None:
    expired = earlier.filter(state=Invitation.State.OPEN, expires_at__lte=now)
    expired.update(state=Invitation.State.EXPIRED, closed_at=now)


def _close(
    invitation: Invitation, state: Invitation.State, *, now: datetime, actor: User, user: User | None = None
) -> None:
    still_open = Invitation.objects.open(now=now).filter(pk=invitation.pk)
    answered_by = {"user": user} if user else {}
    if not still_open.update(state=state, closed_at=now, **answered_by):
        raise NotOpen(_why_not_open(invitation))
    role = {"role": invitation.get_role_display()}
    record(f"invitation.{state.value}", actor=actor, target=invitation, project=invitation.project, after=role)


def _why_not_open(invitation: Invitation) -> str:
    stored = Invitation.objects.select_related("project").filter(pk=invitation.pk).first()
    return outcome(stored) if stored else f"The project {invitation.project.name} was deleted."
