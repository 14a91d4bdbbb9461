"""Making, checking and revoking tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from allauth.account.adapter import get_adapter
from django.db import IntegrityError, models, transaction

from mantik.accounts.models import User
from mantik.audit.services import record
from mantik.idempotency.services import Asked, earlier_answer, once
from mantik.tokens.hashing import PERSONAL, Hash
from mantik.tokens.models import PersonalAccessToken, Scope, StoredToken
from mantik.tokens.named_projects import NamedProject

T = TypeVar("T", bound=StoredToken)

# "Last used" need not be more exact, and a token may be used a thousand times a second.
USE_IS_NOTED_EVERY = timedelta(minutes=1)


# The kind of the keys of forms that add one.
_ADDED = "token.added"
WITHOUT_KEY = Asked()


class AddedBefore(Exception):
    """The same form has made a token before."""


class NameTaken(Exception):
    """The user has a valid token with this name."""


def make_token(
    *,
    user: User,
    name: str,
    scope: Scope,
    expires_at: datetime,
    now: datetime,
    projects: Sequence[NamedProject] = (),
) -> tuple[PersonalAccessToken, str]:
    """Make a token; returns the row and the token itself, which is not stored. Raises NameTaken.

    `projects`: those it is restricted to; without any, it is for all in which its owner has a role.
    """
    token = PERSONAL.new()
    hashed = PERSONAL.hash(token)
    try:
        with transaction.atomic():
            row = PersonalAccessToken.objects.create(
                user=user,
                name=name,
                scope=scope,
                prefix=PERSONAL.prefix_of(token),
                digest=hashed.digest,
                key_id=hashed.key_id,
                created_at=now,
                expires_at=expires_at,
                project_uuids=[str(project.uuid) for project in projects] or None,
            )
            after = {"scope": scope, "expires": expires_at.date()}
            limits = {"projects": [project.address for project in projects]} if projects else {}
            record("token.created", actor=user, target=row, after=after | limits)
    except IntegrityError:
        raise NameTaken from None
    return row, token


def add_token(
    *,
    user: User,
    name: str,
    scope: Scope,
    expires_at: datetime,
    projects: Sequence[NamedProject],
    now: datetime,
    asked: Asked = WITHOUT_KEY,
) -> tuple[PersonalAccessToken, str]:
    """`make_token`, and tell its owner by mail, as of all that concerns the safety of an account.

    Needs a request, because the mail says from where it came. The token itself is not in it. Raises AddedBefore if the
    same was asked for before: a token is not stored, so it cannot be answered again.
    """
    made: list[tuple[PersonalAccessToken, str]] = []

    def make() -> str:
        made.append(make_token(user=user, name=name, scope=scope, expires_at=expires_at, projects=projects, now=now))
        return str(made[0][0].uuid)

    if not once(asked, user=user, kind=_ADDED, make=make).is_new:
        raise AddedBefore
    row, token = made[0]
    get_adapter().send_notification_mail("tokens/email/made", user, {"token": row, "projects": projects})
    return row, token


def was_added(asked: Asked, *, user: User) -> bool:
    """Whether a token was added when the same was asked for before."""
    return earlier_answer(asked, user=user, kind=_ADDED) != ""


def revoke(*, token: PersonalAccessToken, actor: User | None, now: datetime) -> bool:
    """Make the token invalid. False if it was revoked already, which changes nothing."""
    with transaction.atomic():
        if not PersonalAccessToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now):
            return False
        record("token.revoked", actor=actor, target=token)
    return True


def revoke_all(*, user: User, actor: User | None, now: datetime) -> int:
    """Revoke all valid tokens of `user`; returns how many there were."""
    with transaction.atomic():
        valid = PersonalAccessToken.objects.owned_by(user).valid(now).order_by("pk")
        return sum(revoke(token=token, actor=actor, now=now) for token in valid)


def authenticate(text: str, *, now: datetime) -> PersonalAccessToken | None:
    """Return the valid token that reads `text`, with its `user`, and note its use. None for anything else."""
    usable = PersonalAccessToken.objects.valid(now).filter(user__is_active=True).select_related("user")
    return recognise(usable, text, now=now)


def recognise(rows: models.QuerySet[T], text: str, *, now: datetime) -> T | None:
    """Return the one of `rows` that reads `text`, and note its use. None for anything else. One query, mostly."""
    kind = rows.model.kind
    prefix = kind.prefix_of(text)
    token = rows.filter(prefix=prefix).first() if prefix else None
    if token is None or not kind.matches(text, Hash(token.key_id, token.digest)):
        return None
    _note_use(token, now=now)
    _keep_up_with_the_ring(token, text)
    return token


def _note_use(token: StoredToken, *, now: datetime) -> None:
    if token.last_used_at is None or now - token.last_used_at >= USE_IS_NOTED_EVERY:
        _row(token).update(last_used_at=now)


def _keep_up_with_the_ring(token: StoredToken, text: str) -> None:
    """Hash the token with the first key of the ring, if it was hashed with another: now its text is known."""
    hashed = token.kind.hash(text)
    if hashed.key_id != token.key_id:
        _row(token).filter(digest=token.digest).update(key_id=hashed.key_id, digest=hashed.digest)


def _row(token: T) -> models.QuerySet[T]:
    return type(token)._default_manager.filter(pk=token.pk)
