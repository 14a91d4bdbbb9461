"""Which columns depend on the encryption keys. A rotation of keys misses any column that is not registered here.

A rotation encrypts sealed secrets again. Of a token, only a keyed hash is stored, which can be made again only when the
token is used, so a rotation can only count how many still need an older key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models


@dataclass(frozen=True)
class SealedField:
    """`owner_of` makes the owner string that a row's secret was sealed for."""

    model: type[models.Model]
    column: str
    owner_of: Callable[[Any], str]

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.column}"


_fields: dict[tuple[type[models.Model], str], SealedField] = {}


def register_sealed(model: type[models.Model], column: str, *, owner_of: Callable[[Any], str]) -> None:
    """Call it in models.py, below the model. An empty value or None means that there is no secret."""
    _fields[model, column] = SealedField(model, column, owner_of)


@dataclass(frozen=True)
class KeyedField:
    """`column` holds the id of the key that a row's hash was made with; `still_matters` leaves out dead rows."""

    model: type[models.Model]
    column: str
    still_matters: Callable[[Any], Any]

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.column}"


_keyed: dict[tuple[type[models.Model], str], KeyedField] = {}


def register_keyed(model: type[models.Model], column: str, *, still_matters: Callable[[Any], Any]) -> None:
    """Call it in models.py, below the model. `still_matters` is given a query set of the model, and narrows it."""
    _keyed[model, column] = KeyedField(model, column, still_matters)


def keyed_fields() -> list[KeyedField]:
    return sorted(_keyed.values(), key=str)


def sealed_fields() -> list[SealedField]:
    """The registered columns of all apps, once Django has loaded them."""
    return sorted(_fields.values(), key=str)
