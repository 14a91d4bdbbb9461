"""What the page of a code repository says of the files in it. `runs/` knows how to read them.

It registers when Django starts (`ready()` of its AppConfig).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import AnonymousUser

from mantik.accounts.models import User
from projects.models import CodeRepository

Reader = Callable[[CodeRepository, "User | AnonymousUser"], Any]

_readers: list[Reader] = []


def register(reader: Reader) -> None:
    """`reader` returns the context of projects/_code_contents.html; None if nothing was read yet."""
    _readers[:] = [reader]


def contents_of(repository: CodeRepository, user: User | AnonymousUser) -> Any:
    return next((reader(repository, user) for reader in _readers), None)
