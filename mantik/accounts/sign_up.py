"""Who may sign up: MANTIK_SIGN_UP."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

OPEN, INVITED, CLOSED = "open", "invited", "closed"

_invited_by: list[Callable[[str], bool]] = []


def register(is_invited: Callable[[str], bool]) -> None:
    """Register an app that invites people: `is_invited(email)` says whether it has invited that address."""
    _invited_by.append(is_invited)


def is_offered() -> bool:
    """Whether anybody at all may sign up."""
    return bool(settings.MANTIK_SIGN_UP != CLOSED)


def may_sign_up(email: str) -> bool:
    if settings.MANTIK_SIGN_UP == INVITED:
        return any(is_invited(email) for is_invited in _invited_by)
    return is_offered()
