"""Live parts of pages: the browser asks for them every few seconds, and an answer is drawn only if it differs.

A live part is an element with `data-live`, the stamp of what it shows, which `static/js/live.js` sends along. Its view
reads the version of what it would draw, in one query that also asks whether the user may see it, and answers 204 if the
browser shows that version already:

    shown, version = Shown(request, now=now), thing_version(...)
    if shown.is_still(version):
        return nothing_new()
    ...
    return part(request, "things/_live.html", {..., "live": shown.live(version)})

The version is read before what is drawn, so a change in between is drawn once more, not missed. What a version leaves
out is drawn when the stamp ends. A page has no stamp: for it the first request draws.

The rows of a list that the browser has are not sent again: it names the fingerprint of each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache, wraps
from hashlib import blake2b
from typing import Any, TypeVarTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers, patch_vary_headers

Args = TypeVarTuple("Args")
# The headers of a request for a live part: its stamp, and "id:fingerprint" of each of its rows.
STAMP = "Mantik-Live"
ROWS = "Mantik-Rows"
# How long a stamp lasts. It bounds the age of what depends on the time alone, such as the length of a phase bar.
LASTS = timedelta(seconds=30)
# How many statements of a kind each process keeps: one for each page that people have open, if there are not more.
_KEPT = 500
# Long enough that two versions of one page are never taken for each other, short enough for a header with many.
_DIGEST_BYTES = 9
# Of how many rows the fingerprints are read; a header is text of a stranger, and no list shows as many.
_MOST_ROWS = 500


@dataclass(frozen=True)
class Statement:
    """A query of the columns that a live part shows, as SQL: to be `kept` for the next time.

    Making it takes much longer than the query itself, and an open page asks the same every few seconds.
    """

    sql: str
    params: tuple[Any, ...]

    @classmethod
    def of(cls, rows: models.QuerySet[Any, Any]) -> Statement:
        try:
            return cls(*rows.query.sql_with_params())
        except EmptyResultSet:
            return cls("", ())

    def version(self) -> str:
        """What the columns are now, as the database gives them; "" without rows, which is never current."""
        if not self.sql:
            return ""
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self.params)
            rows = cursor.fetchall()
        return _digest(rows) if rows else ""


def kept(statement_of: Callable[[*Args], Statement]) -> Callable[[*Args], Statement]:
    """Makes the last statements of a kind only once: for each kind of database its own, as their SQL differs."""

    @lru_cache(_KEPT)
    def made(_vendor: str, *args: Any) -> Statement:
        return statement_of(*args)

    @wraps(statement_of)
    def of(*args: *Args) -> Statement:
        return made(connection.vendor, *args)

    return of


def columns(model: type[models.Model], *, without: Collection[str] = ()) -> list[str]:
    """The names of all columns but those, so that a new one counts unless somebody leaves it out."""
    return [field.attname for field in model._meta.concrete_fields if field.name not in without]


def fingerprint(row: object) -> str:
    """Tells a row of a list from what it was. `row`: a dataclass with all that the template shows of it."""
    return _digest(row)


def _digest(value: object) -> str:
    return blake2b(repr(value).encode(), digest_size=_DIGEST_BYTES).hexdigest()


@dataclass(frozen=True)
class Live:
    """For the template of a live part: its new stamp, and the fingerprints of the rows that the browser has."""

    stamp: str = ""
    rows: Mapping[str, str] = field(default_factory=dict)

    def has(self, row: Any) -> bool:
        return self.rows.get(row.id) == fingerprint(row)


class Shown:
    """What the browser says that it shows of a live part. `is_part`: it asks for this part alone, not for a page."""

    def __init__(self, request: HttpRequest, *, now: datetime) -> None:
        stamp = request.headers.get(STAMP)
        self.is_part = stamp is not None
        self._version, self._until = _read(stamp or "")
        self._rows = dict(re.findall(r"(?<![\w-])([\w-]+):(\w+)", request.headers.get(ROWS, ""))[:_MOST_ROWS])
        self._now = now

    def is_still(self, version: str) -> bool:
        """Whether the browser shows that version, and shows it rightly."""
        return bool(version) and version == self._version and self._now < self._until <= self._now + LASTS

    def live(self, version: str, *, lasts: timedelta = LASTS) -> Live:
        """`lasts`: how long what is drawn now is right unless the version changes, at most LASTS."""
        if not self.is_part:
            return Live()
        until = self._now + min(lasts, LASTS)
        return Live(f"{version}.{int(until.timestamp() * 1000)}", self._rows)


def _read(stamp: str) -> tuple[str, datetime]:
    found = re.fullmatch(r"(\w+)\.(\d{1,15})", stamp)
    if not found:
        return "", datetime.min.replace(tzinfo=UTC)
    try:
        return found[1], datetime.fromtimestamp(int(found[2]) / 1000, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return "", datetime.min.replace(tzinfo=UTC)


def nothing_new() -> HttpResponse:
    return _not_a_page(HttpResponse(status=204))


def part(request: HttpRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
    return _not_a_page(render(request, template, dict(context)))


def _not_a_page(response: HttpResponse) -> HttpResponse:
    """A list has the same address as its rows: going back must not show these alone."""
    add_never_cache_headers(response)
    patch_vary_headers(response, [STAMP])
    return response
