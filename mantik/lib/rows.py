"""Updating many rows, each to values of its own, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connections, models, router


def update_rows(rows: Sequence[models.Model], *, columns: Sequence[str]) -> int:
    """Store `columns` (attribute names) of `rows`, all of one model; how many rows there were.

    `bulk_update` builds a CASE for each column, which takes longer than all else when there are hundreds of rows. A
    value that a column cannot hold raises what the database raises.
    """
    if not rows:
        return 0
    model = type(rows[0])
    connection = connections[router.db_for_write(model)]
    fields: list[Any] = [model._meta.get_field(name.removesuffix("_id")) for name in columns]
    quote = connection.ops.quote_name
    key: Any = model._meta.pk
    values: list[Any] = []
    for row in rows:
        values.append(row.pk)
        values += [
            field.get_db_prep_save(getattr(row, name), connection) for name, field in zip(columns, fields, strict=True)
        ]
    # Where a whole column of them is NULL, PostgreSQL takes it for text.
    cast = "CAST({} AS {})" if connection.vendor == "postgresql" else "{}"
    sets = ", ".join(
        f"{quote(field.column)} = " + cast.format(f"v.column{number}", field.db_type(connection))
        for number, field in enumerate(fields, start=2)
    )
    line = f"({', '.join(['%s'] * (len(fields) + 1))})"
    table = quote(model._meta.db_table)
    # Names are the model's own; values go as parameters.
    statement = (
        f"UPDATE {table} SET {sets} FROM (VALUES {', '.join([line] * len(rows))}) AS v "  # noqa: S608
        f"WHERE {table}.{quote(key.column)} = v.column1"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
