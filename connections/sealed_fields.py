"""Which columns hold sealed secrets. A column that is not listed here is forgotten by the rotation of keys."""

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
    """For models.py, beneath the model. Empty values and None stand for no secret."""
    _fields[model, column] = SealedField(model, column, owner_of)


def sealed_fields() -> list[SealedField]:
    """Those of all rooms, once Django has loaded them."""
    return sorted(_fields.values(), key=str)
