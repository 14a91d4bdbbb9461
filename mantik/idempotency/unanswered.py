"""Lets a request without a key take effect only once, for programs that send the same again if they got no answer.

MLflow's client does: the same bytes, after an error 503 or a connection that broke. But several programs may send the
same bytes and mean something else each: runs that start in the same millisecond, without a name. So what was sent says
little, and what became of the answer says more: a request gets what an earlier one has made only if that one was left
without an answer, and two such requests get one such thing each.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from mantik.accounts.models import User
from mantik.idempotency.models import IdempotencyKey
from mantik.idempotency.services import Asked

# For so long, a request whose process says nothing is taken for one that is still being answered. If the process was
# killed and the client asks again sooner, it gets something new: a longer time makes that more frequent. A shorter one
# makes it more frequent that one of two programs that send the same gets what the other is just being answered with.
HELD_FOR = timedelta(seconds=5)
# Of the digest, how much says what was sent. The rest differs, as the same may be sent by several.
_SHARED = 48


@dataclass(frozen=True)
class Begun:
    """`is_new` is False if an earlier request has made it. One of the functions below is to be told how it ends."""

    pk: int
    text: str
    is_new: bool


def once_until_answered(
    contents: Mapping[str, Any], *, user: User, kind: str, make: Callable[[], str], now: datetime
) -> Begun:
    """Call `make` and return its answer, unless the same was asked before and left without an answer: then return the
    answer that was made for that. `contents` is what JSON can hold."""
    shared = Asked(contents=contents).digest[:_SHARED]
    rows = IdempotencyKey.objects.filter(user=user, kind=kind, digest__startswith=shared)
    for row in rows.filter(Q(held_until=None) | Q(held_until__lte=now)).order_by("pk"):
        # Only one of several who ask again gets it.
        if IdempotencyKey.objects.filter(pk=row.pk, held_until=row.held_until).update(held_until=now + HELD_FOR):
            return Begun(row.pk, row.answer, is_new=False)
    digest = shared + secrets.token_hex((64 - _SHARED) // 2)
    with transaction.atomic():
        text = make()
        made = IdempotencyKey.objects.create(
            user=user, kind=kind, digest=digest, answer=text, created_at=now, held_until=now + HELD_FOR
        )
    return Begun(made.pk, text, is_new=True)


def was_answered(begun: Begun) -> None:
    """The client has it, or was refused it for good: whoever sends the same from now on means something new."""
    IdempotencyKey.objects.filter(pk=begun.pk).delete()


def was_left(begun: Begun) -> None:
    """The client has no answer, or is to ask again."""
    IdempotencyKey.objects.filter(pk=begun.pk).update(held_until=None)
