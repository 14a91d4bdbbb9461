"""Keyset paging through lists that follow each other, each with an order of its own; rows are never counted.

A table that is sorted by what some rows lack is such a list: first those that have a value, by value, and then the
others. `mantik/lib/paging.py` is for one list in the order of time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Generic, TypeVar

from django.db import models
from django.db.models import Q

from mantik.lib.paging import Page

Row = TypeVar("Row", bound=models.Model)

_CURSOR = re.compile(
    r"(?P<direction>[-+])(?P<section>\d{1,2})\.(?P<pk>\d{1,18})\.(?P<value>[-+.0-9a-z]{0,40})", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Of(Enum):
    """What a list is sorted by. A text may be too long for an address: the cursor's row is asked for it."""

    NUMBER = "number"
    MOMENT = "moment"
    LENGTH = "length"
    TEXT = "text"


@dataclass(frozen=True)
class Section(Generic[Row]):
    """`rows` by their value of `key`, which none lacks; rows with the same value by primary key, in that direction."""

    rows: models.QuerySet[Row]
    key: str
    of: Of
    is_descending: bool = False

    def part(self, place: _Place | None, *, is_back: bool, most: int) -> list[Row]:
        """The first rows behind `place`, or, going back, the last ones before it, nearest first."""
        goes_down = self.is_descending != is_back
        rows = self.rows
        if place:
            rows = rows.filter(self._beyond("lt" if goes_down else "gt", place))
        sign = "-" if goes_down else ""
        return list(rows.order_by(f"{sign}{self.key}", f"{sign}pk")[:most])

    def _beyond(self, comparison: str, place: _Place) -> Q:
        value, pk = place.value, place.pk
        beyond = Q(**{f"{self.key}__{comparison}": value}) | Q(**{self.key: value, f"pk__{comparison}": pk})
        # The first condition follows from the second, but the planner does not see that and needs it to use the index.
        return Q(**{f"{self.key}__{comparison}e": value}) & beyond

    def cursor(self, direction: str, number: int, row: Row) -> str:
        return f"{direction}{number}.{row.pk}.{_written(getattr(row, self.key), self.of)}"

    def place(self, pk: int, written: str) -> _Place | None:
        """The place that a cursor names; None if there is no such place in this list."""
        if self.of is Of.TEXT:
            text = self.rows.filter(pk=pk).values_list(self.key, flat=True).first()
            return None if text is None else _Place(text, pk)
        value = _read(written, self.of)
        return None if value is None else _Place(value, pk)


@dataclass(frozen=True)
class _Place:
    value: Any
    pk: int


def page_through(sections: Sequence[Section[Row]], *, cursor: str, size: int) -> Page[Row]:
    """The page that `cursor` names: "" for the first, "-<place>" behind that place, "+<place>" before it.

    At most as many queries as sections, of size + 1 rows in all. A page that is empty, and a cursor that names no
    place, are taken for the first page.
    """
    found = _CURSOR.fullmatch(cursor)
    number = int(found["section"]) if found else 0
    place = sections[number].place(int(found["pk"]), found["value"]) if found and number < len(sections) else None
    if found and place:
        page = _page(sections, number, place, size, is_back=found["direction"] == "+")
        if page.rows:
            return page
    return _page(sections, 0, None, size, is_back=False)


def _page(
    sections: Sequence[Section[Row]], number: int, place: _Place | None, size: int, *, is_back: bool
) -> Page[Row]:
    walked = _walked(sections, number, place, size + 1, is_back=is_back)
    shown, has_more = walked[:size], len(walked) > size
    if is_back:
        shown = shown[::-1]
    if not shown:
        return Page([], None, None)
    (first, first_row), (last, last_row) = shown[0], shown[-1]
    before, behind = (has_more, True) if is_back else (place is not None, has_more)
    return Page(
        [row for _, row in shown],
        sections[first].cursor("+", first, first_row) if before else None,
        sections[last].cursor("-", last, last_row) if behind else None,
    )


def _walked(
    sections: Sequence[Section[Row]], number: int, place: _Place | None, most: int, *, is_back: bool
) -> list[tuple[int, Row]]:
    """Rows with the numbers of their sections, from `place` on."""
    found: list[tuple[int, Row]] = []
    for at in range(number, -1, -1) if is_back else range(number, len(sections)):
        rows = sections[at].part(place if at == number else None, is_back=is_back, most=most - len(found))
        found += [(at, row) for row in rows]
        if len(found) >= most:
            break
    return found


def _written(value: Any, of: Of) -> str:
    if of is Of.MOMENT:
        return str((value - _EPOCH) // _MICROSECOND)
    if of is Of.LENGTH:
        return str(value // _MICROSECOND)
    return repr(float(value)) if of is Of.NUMBER else ""


def _read(written: str, of: Of) -> Any:
    try:
        if of is Of.NUMBER:
            number = float(written)
            return None if math.isnan(number) else number
        length = int(written) * _MICROSECOND
        return _EPOCH + length if of is Of.MOMENT else length
    except (ValueError, OverflowError):
        return None
