"""Changing an account, and ending what is open in its name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.crypto import get_random_string

from mantik.accounts.adapters import DELETED
from mantik.accounts.models import Session, User
from mantik.accounts.sessions import row_key
from mantik.audit.services import record
from mantik.tokens.models import PersonalAccessToken
from mantik.tokens.services import revoke_all

# Letters and digits of which none looks like another.
_ALIKE_TO_NONE = "abcdefghjkmnpqrstuvwxyz23456789"


def edit_profile(*, user: User, **profile: str) -> None:
    """Store new values of some columns of the profile: names, time zone, theme."""
    stored = User.objects.get(pk=user.pk)
    before = {name: getattr(stored, name) for name in profile if getattr(stored, name) != profile[name]}
    if not before:
        return
    after = {name: profile[name] for name in before}
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(**after)
        record("account.edited", actor=user, target=user, before=before, after=after)


def choose_theme(*, user: User, theme: str) -> None:
    """Store the theme. This leaves no event."""
    User.objects.filter(pk=user.pk).update(theme=theme)


def end_session(*, session: Session, actor: User) -> None:
    """End one of `actor`'s sessions: whoever uses it is signed out with their next click."""
    with transaction.atomic():
        if Session.objects.filter(pk=session.pk).delete()[0]:
            record("account.sessions_ended", actor=actor, target=actor, after={"sessions": 1})


def end_sessions(*, user: User, actor: User | None, but: str | None = None) -> int:
    """End all sessions of `user`, except the one with the key `but`; returns how many."""
    sessions = Session.objects.of(user)
    if but:
        sessions = sessions.exclude(session_key=row_key(but))
    with transaction.atomic():
        count: int = sessions.delete()[0]
        if count:
            record("account.sessions_ended", actor=actor, target=user, after={"sessions": count})
    return count


def set_active(*, user: User, is_active: bool, actor: User) -> None:
    """Deactivate an account and end its sessions, or activate it again."""
    with transaction.atomic():
        if not User.objects.filter(pk=user.pk, is_active=not is_active, deleted_at=None).update(is_active=is_active):
            return
        record("account.enabled" if is_active else "account.disabled", actor=actor, target=user)
        if not is_active:
            end_sessions(user=user, actor=actor)


@dataclass(frozen=True)
class Reset:
    """How many second factors were removed and how many personal access tokens revoked; and how many of these stay."""

    factors: int
    tokens: int
    tokens_left: int


def reset_second_factors(*, user: User, actor: User | None, end_tokens: bool, now: datetime) -> Reset:
    """Remove all second factors of a user who lost them, and end the user's sessions if there were any.

    With `end_tokens`, revoke the user's personal access tokens, too, also if there was no second factor.
    """
    with transaction.atomic():
        removed: int = Authenticator.objects.filter(user=user).delete()[0]
        if removed:
            record("account.second_factors_reset", actor=actor, target=user)
            end_sessions(user=user, actor=actor)
        ended = revoke_all(user=user, actor=actor, now=now) if end_tokens else 0
        left = PersonalAccessToken.objects.owned_by(user).valid(now).count()
    return Reset(removed, ended, left)


def make_anonymous(*, user: User, now: datetime) -> None:
    """Delete what says who a user was: names and address in the row, second factors, services and sessions."""
    Session.objects.filter(user=user).delete()
    for theirs in (Authenticator.objects, user.emailaddress_set, user.socialaccount_set):
        theirs.filter(user=user).delete()
    user.groups.clear()
    user.user_permissions.clear()
    user.username = f"{DELETED}{get_random_string(12, _ALIKE_TO_NONE)}"
    user.first_name = user.last_name = user.email = user.time_zone = user.theme = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.last_login, user.deleted_at = None, now
    user.set_unusable_password()
    user.save()
