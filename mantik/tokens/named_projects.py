"""The projects that a token may be restricted to. The app that has them names them (`register`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from mantik.accounts.models import User


@dataclass(frozen=True)
class NamedProject:
    """`address`: what programs call it."""

    uuid: UUID
    name: str
    address: str


_named_by: list[Callable[[User], list[NamedProject]]] = []


def register(named: Callable[[User], list[NamedProject]]) -> None:
    """Register an app that has projects: `named(user)` are those in which `user` has a role, sorted by name."""
    _named_by.append(named)


def projects_of(user: User) -> list[NamedProject]:
    """The projects in which `user` has a role. One query."""
    return [project for named in _named_by for project in named(user)]
