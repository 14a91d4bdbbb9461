"""Making, checking and revoking tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from django.db import IntegrityError, models, transaction

from mantik.accounts.models import User
from mantik.audit.services import record
from mantik.tokens.hashing import PERSONAL, Hash
from mantik.tokens.models import PersonalAccessToken, Scope, StoredToken

T = TypeVar("T", bound=StoredToken)

# "Last used" need not be more exact, and a token may be used a thousand times a second.
USE_IS_NOTED_EVERY = timedelta(minutes=1)


class NameTaken(Exception):
    """The user has a valid token with this name."""


def make_token(
    *, user: User, name: str, scope: Scope, expires_at: datetime, now: datetime
) -> tuple[PersonalAccessToken, str]:
    """Make a token; returns the row and the token itself, which is not stored. Raises NameTaken."""
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
            )
            record("token.created", actor=user, target=row, after={"scope": scope, "expires": expires_at.date()})
    except IntegrityError:
        raise NameTaken from None
    return row, token


def revoke(*, token: PersonalAccessToken, actor: User, now: datetime) -> None:
    """Make the token invalid; revoking it twice changes nothing."""
    with transaction.atomic():
        if PersonalAccessToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now):
            record("token.revoked", actor=actor, target=token)


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
