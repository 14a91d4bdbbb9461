"""Who may make themselves an account: MANTIK_SIGN_UP."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

OPEN, INVITED, CLOSED = "open", "invited", "closed"
POLICIES = (OPEN, INVITED, CLOSED)

_awaits: list[Callable[[str], bool]] = []


def awaited_by(awaits: Callable[[str], bool]) -> None:
    """For an app that invites people: `awaits(email)` says whether it expects somebody with that address."""
    _awaits.append(awaits)


def is_offered() -> bool:
    """Whether there is anybody at all who may."""
    return bool(settings.MANTIK_SIGN_UP != CLOSED)


def may_sign_up(email: str) -> bool:
    if settings.MANTIK_SIGN_UP == INVITED:
        return any(awaits(email) for awaits in _awaits)
    return is_offered()
