"""Keyset paging: a page costs the same wherever it lies, and never counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows, newest first, and the cursors of the pages on either side (None: there is none)."""

    rows: list[Row]
    newer: str | None
    older: str | None


def page_by_pk(rows: models.QuerySet[Row], *, cursor: str, size: int) -> Page[Row]:
    """The page of `rows` that `cursor` names: "" for the newest, "-<pk>" older than, "+<pk>" newer than.

    One query of size + 1 rows; two where nothing is left on that page, which gives the newest instead. A
    cursor that is not one is taken for "".
    """
    page = _page(rows, cursor=cursor, size=size)
    return page if page.rows or not cursor else _page(rows, cursor="", size=size)


def _page(rows: models.QuerySet[Row], *, cursor: str, size: int) -> Page[Row]:
    direction, pk = cursor[:1], cursor[1:]
    if direction not in ("-", "+") or not pk.isdecimal():
        direction, pk = "", ""
    if direction == "+":
        found = list(rows.filter(pk__gt=int(pk)).order_by("pk")[: size + 1])
        more_newer, shown = len(found) > size, found[:size][::-1]
        return Page(shown, _cursor("+", shown[:1]) if more_newer else None, _cursor("-", shown[-1:]))
    older_than = rows.filter(pk__lt=int(pk)) if pk else rows
    found = list(older_than.order_by("-pk")[: size + 1])
    shown = found[:size]
    return Page(
        shown,
        _cursor("+", shown[:1]) if direction else None,
        _cursor("-", shown[-1:]) if len(found) > size else None,
    )


def _cursor(direction: str, edge: list[Row]) -> str | None:
    return f"{direction}{edge[0].pk}" if edge else None
