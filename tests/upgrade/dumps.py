"""Databases as text, and back.

The text of a PostgreSQL is plain SQL that any user loads into an empty database of version 15 or newer: without owners,
settings and what psql alone understands. Rows are in the order of their keys.
"""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support.postgres import program

_OPTIONS = (
    "--inserts",
    "--no-comments",
    "--no-owner",
    "--no-privileges",
    "--no-security-labels",
    "--no-tablespaces",
)
# How a server or psql is set up for the load; newer versions have some that older ones do not know.
_SET_UP = ("SET ", "SELECT pg_catalog.set_config(", "\\")


def dump_sqlite(path: Path) -> str:
    with closing(sqlite3.connect(path)) as database:
        return "\n".join(database.iterdump()) + "\n"


def load_sqlite(text: str, path: Path) -> None:
    """Into a new file at `path`."""
    with closing(sqlite3.connect(path)) as database:
        database.executescript(text)


def dump_postgresql(url: str) -> str:
    _sort(url)
    done = subprocess.run([program("pg_dump"), *_OPTIONS, url], check=True, capture_output=True)
    return plain(done.stdout.decode())


def load_postgresql(text: str, url: str) -> None:
    """Into an empty database."""
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(text.encode())


def _sort(url: str) -> None:
    """Have each table in the order of its primary key, in which pg_dump then finds it."""
    with psycopg.connect(url, autocommit=True) as database:
        found = database.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint"
            " WHERE contype = 'p' AND connamespace = 'public'::regnamespace ORDER BY 1"
        ).fetchall()
        for table, key in found:
            names = {"table": sql.Identifier(table), "key": sql.Identifier(key)}
            database.execute(sql.SQL("CLUSTER {table} USING {key}").format(**names))
            # Else the dump says that it was done.
            database.execute(sql.SQL("ALTER TABLE {table} SET WITHOUT CLUSTER").format(**names))


def plain(text: str) -> str:
    """A dump without comments and without what sets anything up. Lines within a text stay as they are."""
    return "\n".join(_kept(text.split("\n"))).strip() + "\n"


def _kept(lines: Iterable[str]) -> Iterator[str]:
    is_in_text = was_empty = False
    for line in lines:
        if not is_in_text:
            if line.startswith(("--", *_SET_UP)) or (was_empty and not line):
                continue
            was_empty = not line
        yield line
        # A quote within a text is written twice.
        is_in_text ^= line.count("'") % 2 == 1
