"""Bounds how long the queries of a page may take together: those whose conditions somebody has typed.

PostgreSQL and SQLite both stop a query in its middle, and the connection can be used afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection, transaction

SECONDS = 2.0
# Steps of SQLite's machine between two looks at the clock: a fraction of a millisecond.
_STEPS = 10_000


class TooSlow(Exception):
    """The queries were stopped."""


@contextmanager
def at_most(seconds: float = SECONDS) -> Iterator[None]:
    """Queries in it raise TooSlow once they have taken `seconds` together. They only read.

    What is done between them does not count.
    """
    bounded = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
    try:
        with transaction.atomic(), bounded(_Time(seconds)):
            yield
    except OperationalError as error:
        if _was_stopped(error):
            raise TooSlow from error
        raise


class _Time:
    """What is left of it, in seconds."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._begin = time.monotonic()

    @property
    def is_over(self) -> bool:
        return time.monotonic() - self._begin > self._left

    @contextmanager
    def of_query(self) -> Iterator[float]:
        """Around a query, which gets all that is left. Raises TooSlow if nothing is."""
        if self._left <= 0:
            raise TooSlow
        self._begin = time.monotonic()
        try:
            yield self._left
        finally:
            self._left -= time.monotonic() - self._begin
            self._begin = time.monotonic()


@contextmanager
def _on_postgresql(bound: _Time) -> Iterator[None]:
    def look(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        with bound.of_query() as left:
            # Of this transaction only; by the driver's own cursor, which asks no wrapper.
            context["cursor"].cursor.execute(f"SET LOCAL statement_timeout = {max(1, int(1000 * left))}")
            return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield
    # The transaction may go on without it.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout TO DEFAULT")


@contextmanager
def _on_sqlite(bound: _Time) -> Iterator[None]:
    def look(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        with bound.of_query():
            return execute(sql, params, many, context)

    connection.ensure_connection()
    # A query that is short meets no look at the clock. One that goes on while it is read gets what is left once more.
    connection.connection.set_progress_handler(lambda: bound.is_over, _STEPS)
    try:
        with connection.execute_wrapper(look):
            yield
    finally:
        connection.connection.set_progress_handler(None, 0)


def _was_stopped(error: OperationalError) -> bool:
    # query_canceled, or what SQLite says.
    return getattr(error.__cause__, "sqlstate", "") == "57014" or str(error) == "interrupted"
