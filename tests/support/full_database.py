"""A database that has no room for one more row, as the real one says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection

# PostgreSQL takes the code of an error from whoever raises it.
_REFUSES = """
CREATE FUNCTION mantik_test_is_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER is_full BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION mantik_test_is_full()
"""
_MOST_PAGES = 2**32 - 2


@contextmanager
def full_database(table: str) -> Iterator[None]:
    """In here nothing that is longer than a page (4 kB) can be stored in `table`. Only for tests that commit.

    Of SQLite it is a file that may not grow: what fits into a page that is half empty is still stored.
    """
    fill, empty = (_fill_sqlite, _empty_sqlite) if connection.vendor == "sqlite" else (_refuse_rows, _take_rows)
    fill(table)
    try:
        yield
    finally:
        empty(table)


def _fill_sqlite(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE filling (content blob)")
        cursor.execute("PRAGMA max_page_count = 1")
        # The file keeps its size; pages in it that are free are used up.
        for size in (100_000, 4_000):
            _insert_until_it_is_full(f"INSERT INTO filling VALUES (zeroblob({size}))")


def _insert_until_it_is_full(statement: str) -> None:
    with connection.cursor() as cursor:
        while True:
            try:
                cursor.execute(statement)
            except DatabaseError:
                return


def _empty_sqlite(_table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA max_page_count = {_MOST_PAGES}")
        cursor.execute("DROP TABLE filling")


def _refuse_rows(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_REFUSES.format(table=table))


def _take_rows(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER is_full ON {table}")
        cursor.execute("DROP FUNCTION mantik_test_is_full()")
