"""Whose form it is: a hidden field of each form that somebody who is signed in gets."""

from __future__ import annotations

from django.core.signing import BadSignature, Signer
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.crypto import constant_time_compare
from django.utils.functional import cached_property

from mantik.accounts.models import User
from mantik.idempotency.services import FIELD, new_key

# The hidden field.
OWNER_FIELD = "form_of"
_LONGEST_KEY = 64


class FormToken:
    """In the context of pages as `csrf_token`, in place of Django's text, so that all templates pass it on.

    `key` is the same for all forms of a page: one is told from another by its address and contents.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def __str__(self) -> str:
        return get_token(self._request)

    @cached_property
    def owner(self) -> str:
        user = getattr(self._request, "user", None)
        return mark_of(user) if isinstance(user, User) or getattr(user, "is_authenticated", False) else ""

    @cached_property
    def key(self) -> str:
        """A form that comes back with errors keeps its own."""
        return (self._request.POST.get(FIELD, "")[:_LONGEST_KEY] or new_key()) if self.owner else ""


def form_token(request: HttpRequest) -> dict[str, FormToken]:
    """Context processor."""
    return {"csrf_token": FormToken(request)}


def mark_of(user: object) -> str:
    """Says that a form is that of `user`. Nobody else can make it."""
    return _signer().sign(user.uuid.hex)  # type: ignore[attr-defined]


def is_mark(text: str) -> bool:
    """Whether `text` is the mark of anybody."""
    try:
        _signer().unsign(text)
    except BadSignature:
        return False
    return True


def is_of(user: object, mark: str) -> bool:
    return bool(getattr(user, "is_authenticated", False)) and constant_time_compare(mark, mark_of(user))


def _signer() -> Signer:
    return Signer(salt="mantik.kept_forms")
