"""The page on which people land who sign in without having asked for one: apps may know a better one than the usual."""

from __future__ import annotations

from collections.abc import Callable

from mantik.accounts.models import User

_landings: list[Callable[[User], str]] = []


def register(landing: Callable[[User], str]) -> None:
    """Call once, from AppConfig.ready. `landing(user)` is an address, or "" for whom it knows none."""
    _landings.append(landing)


def landing_of(user: User) -> str:
    """The first that an app knows; "" if none does."""
    return next(filter(None, (landing(user) for landing in _landings)), "")
