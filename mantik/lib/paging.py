"""Keyset paging: every page, or batch, costs the same, and rows are never counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import models
from django.db.models import Q

Row = TypeVar("Row", bound=models.Model)
# Where a page begins: the neighbouring row's value of the field, and its primary key unless that is the field.
Place = tuple[datetime | int, int | None]

_CURSOR = re.compile(r"([-+])([0-9]{1,40})(?:\.([0-9]{1,40}))?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows, newest first, and the cursors of the pages on either side (None: there is none)."""

    rows: list[Row]
    newer: str | None
    older: str | None


def in_batches(rows: models.QuerySet[Row], *, size: int, newest_first: bool = False) -> Iterator[Row]:
    """All of `rows` by primary key, read `size` at a time.

    Memory does not grow with their number, and neither a cursor nor a transaction stays open. Rows may change or go
    meanwhile.
    """
    order, beyond = ("-pk", "pk__lt") if newest_first else ("pk", "pk__gt")
    rows = rows.order_by(order)
    batch = list(rows[:size])
    while batch:
        # A row that is deleted has no key any more.
        last = batch[-1].pk
        yield from batch
        batch = list(rows.filter(**{beyond: last})[:size])


def page_by_pk(rows: models.QuerySet[Row], *, cursor: str, size: int) -> Page[Row]:
    """`page_by` primary key: the row that was made last is the newest."""
    return page_by("pk", rows, cursor=cursor, size=size)


def page_by(field: str, rows: models.QuerySet[Row], *, cursor: str, size: int) -> Page[Row]:
    """The page of `rows` that `cursor` names: "" for the newest, "-<place>" older than, "+<place>" newer than.

    The newest row has the highest `field`, a moment or a whole number that is never null; among rows with the same
    value, the highest primary key. An index on the field is enough, as long as few rows have the same value.

    One query of size + 1 rows; a second one if that page is empty, which returns the newest page instead. An invalid
    cursor is taken for "".
    """
    found = _CURSOR.fullmatch(cursor)
    place = _place(field, rows, *found.groups()[1:]) if found else None
    if found is None or place is None:
        return _older(field, rows, None, size)
    page = _newer(field, rows, place, size) if found[1] == "+" else _older(field, rows, place, size)
    return page if page.rows else _older(field, rows, None, size)


def _newer(field: str, rows: models.QuerySet[Row], place: Place, size: int) -> Page[Row]:
    found = list(rows.filter(_beyond(field, "gt", place)).order_by(*_order(field))[: size + 1])
    shown = found[:size][::-1]
    return Page(shown, _cursor("+", field, shown[:1]) if len(found) > size else None, _cursor("-", field, shown[-1:]))


def _older(field: str, rows: models.QuerySet[Row], place: Place | None, size: int) -> Page[Row]:
    """The page of rows older than `place`; the newest page without one."""
    left = rows.filter(_beyond(field, "lt", place)) if place else rows
    found = list(left.order_by(*(f"-{name}" for name in _order(field)))[: size + 1])
    shown = found[:size]
    return Page(
        shown,
        _cursor("+", field, shown[:1]) if place else None,
        _cursor("-", field, shown[-1:]) if len(found) > size else None,
    )


def _order(field: str) -> tuple[str, ...]:
    return ("pk",) if field == "pk" else (field, "pk")


def _beyond(field: str, comparison: str, place: Place) -> Q:
    value, pk = place
    beyond = Q(**{f"{field}__{comparison}": value})
    if pk is None:
        return beyond
    # The first condition follows from the second, but the planner does not see that and needs it to use the index.
    return Q(**{f"{field}__{comparison}e": value}) & (beyond | Q(**{f"pk__{comparison}": pk}))


def _cursor(direction: str, field: str, edge: list[Row]) -> str | None:
    if not edge:
        return None
    row = edge[0]
    return direction + ".".join(_written(getattr(row, name)) for name in _order(field))


def _written(value: datetime | int) -> str:
    return str((value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else value)


def _place(field: str, rows: models.QuerySet[Any], value: str, pk: str | None) -> Place | None:
    """The place that a cursor names; None if there is no such place in this order."""
    if (pk is None) != (field == "pk"):
        return None
    if field == "pk" or not isinstance(rows.model._meta.get_field(field), models.DateTimeField):
        return int(value), int(pk) if pk else None
    try:
        return _EPOCH + int(value) * _MICROSECOND, int(pk) if pk else None
    except OverflowError:
        return None
