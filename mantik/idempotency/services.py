"""Lets a repeated request take effect only once.

A form that is sent twice, a program that got no answer and tries again, a webhook that is delivered again: each sends a
key that stays the same for all tries. The same key with other contents is another request, because a browser that goes
back shows the form with its old key.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.http import QueryDict

from mantik.accounts.models import User
from mantik.idempotency.models import IdempotencyKey

# How long keys are kept. Nobody tries a request again after that.
KEPT_FOR = timedelta(days=7)
# The hidden field of a form.
FIELD = "idempotency_key"
# Fields of a form that say nothing of what was typed.
_OF_THE_PAGE = frozenset({"csrfmiddlewaretoken", "form_of"})


@dataclass(frozen=True)
class Asked:
    """A request as its sender wrote it: its key ("" for none) and its contents, which JSON can hold."""

    key: str = ""
    contents: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def by_form(cls, data: QueryDict) -> Asked:
        """The request of a form. Its contents are what was typed, not what that means now: branches get new commits."""
        contents = {name: values for name, values in data.lists() if name not in _OF_THE_PAGE}
        return cls(data.get(FIELD, ""), contents)

    @property
    def digest(self) -> str:
        text = json.dumps([self.key, self.contents], sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Answer:
    """`is_new` is False for what an earlier request has made."""

    text: str
    is_new: bool


def new_key() -> str:
    """A new key, for a form that is shown."""
    return secrets.token_urlsafe(16)


def once(asked: Asked, *, user: User, kind: str, make: Callable[[], str]) -> Answer:
    """Call `make` and return its answer, unless the same was `asked` before: then return the earlier answer.

    All in one transaction: two at once wait for each other, and if `make` raises, no key is stored. Without a key,
    every request is new.
    """
    if not asked.key:
        return Answer(make(), is_new=True)
    with transaction.atomic():
        row, is_new = IdempotencyKey.objects.get_or_create(user=user, kind=kind, digest=asked.digest)
        if is_new:
            row.answer = make()
            row.save(update_fields=["answer"])
        return Answer(row.answer, is_new)


def earlier_answer(asked: Asked, *, user: User, kind: str) -> str:
    """What `once` has answered to the same before; "" if that was not asked yet."""
    rows = IdempotencyKey.objects.filter(user=user, kind=kind, digest=asked.digest) if asked.key else ()
    return next((row.answer for row in rows), "")


def forget_old(*, now: datetime) -> int:
    """Delete old keys, which nobody will send again; returns how many."""
    count, _ = IdempotencyKey.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    return count
