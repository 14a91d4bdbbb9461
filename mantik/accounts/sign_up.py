"""Who may sign up: MANTIK_SIGN_UP."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

OPEN, INVITED, CLOSED = "open", "invited", "closed"

_awaits: list[Callable[[str], bool]] = []


def awaited_by(awaits: Callable[[str], bool]) -> None:
    """Register an app that invites people: `awaits(email)` says whether somebody with that address is invited."""
    _awaits.append(awaits)


def is_offered() -> bool:
    """Whether anybody at all may sign up."""
    return bool(settings.MANTIK_SIGN_UP != CLOSED)


def may_sign_up(email: str) -> bool:
    if settings.MANTIK_SIGN_UP == INVITED:
        return any(awaits(email) for awaits in _awaits)
    return is_offered()
