"""Indexes for the search by a part of a text, on PostgreSQL: `icontains` is then quick however many rows there are.

They need the extension pg_trgm. `migrate` makes both, not a migration: where the database user may not make the
extension, Mantik works without these indexes, only slower, and the next `migrate` after somebody has made it adds them.
SQLite has no such indexes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

_NO_EXTENSION = """\
The search by a part of a text stays slow where there are very many rows: it needs PostgreSQL's extension pg_trgm, which
is not there, and Mantik's database user may not make it ({reason}). Install PostgreSQL's contrib package, have a
superuser run CREATE EXTENSION pg_trgm in the database {database}, and run manage.py migrate again.
"""
_IS_MISSING = """
SELECT to_regclass(%s) IS NOT NULL
AND NOT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(%s) AND indisvalid)
"""


@dataclass(frozen=True)
class TextIndex:
    """`column` of the table of `model`, in the form in which `icontains` compares it."""

    name: str
    model: type[Model]
    column: str

    def make(self, *, using: str, verbosity: int = 1, **_: Any) -> None:
        """Make it unless it exists, while the table is in use. A receiver of `post_migrate`."""
        connection = connections[using]
        if connection.vendor != "postgresql" or not self._is_missing(connection):
            return
        if reason := _why_no_extension(connection, using):
            if verbosity:
                database = connection.settings_dict["NAME"]
                sys.stderr.write(_NO_EXTENSION.format(reason=reason, database=database))
            return
        quote = connection.ops.quote_name
        # In a transaction, as in tests, it cannot be made any other way than at once.
        meanwhile = "" if connection.in_atomic_block else "CONCURRENTLY"
        with connection.cursor() as cursor:
            cursor.execute(f"DROP INDEX {meanwhile} IF EXISTS {quote(self.name)}")
            cursor.execute(
                f"CREATE INDEX {meanwhile} {quote(self.name)} ON {quote(self.model._meta.db_table)} "
                f"USING gin (upper({quote(self.column)}) gin_trgm_ops)"
            )
            # Until somebody has looked, the planner thinks that any text is in very many rows, and reads them all.
            cursor.execute(f"ANALYZE {quote(self.model._meta.db_table)}")

    def _is_missing(self, connection: BaseDatabaseWrapper) -> bool:
        """Whether there is the table, and no such index on it. One whose making was interrupted does not count."""
        quote = connection.ops.quote_name
        with connection.cursor() as cursor:
            cursor.execute(_IS_MISSING, [quote(self.model._meta.db_table), quote(self.name)])
            return bool(cursor.fetchone()[0])


def _why_no_extension(connection: BaseDatabaseWrapper, using: str) -> str:
    """What PostgreSQL says against it; "" once it is there."""
    try:
        with transaction.atomic(using=using), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError as error:
        return str(error).splitlines()[0]
    return ""
