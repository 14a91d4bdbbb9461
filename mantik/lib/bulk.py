"""Inserting and updating many rows, each with values of its own, in one statement; and loading what they share.

The values travel as one parameter, a JSON text that the database takes apart. A parameter for each value
(`bulk_create`) or a CASE for each column (`bulk_update`) takes longer to build, send and read than to carry out.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, partial
from operator import attrgetter
from typing import Any

from django.db import IntegrityError, connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper

# A value of one of these types, in a column of one of these fields, goes into the JSON as it is. Everything else is
# converted by its field first.
_PLAIN_FIELDS = (models.CharField, models.TextField, models.BooleanField, models.IntegerField)
_PLAIN_VALUES = frozenset((str, int, bool, type(None)))


@dataclass(frozen=True)
class Copied:
    """`columns` that the database copies from rows of `model` as they are."""

    model: type[models.Model]
    columns: Sequence[str]


def insert_rows(
    model: type[models.Model],
    rows: Collection[Sequence[Any]],
    *,
    columns: Sequence[str],
    shared: Mapping[str, Any] | None = None,
    copied: Copied | None = None,
    keyed_by: str = "",
) -> dict[Any, int]:
    """Store a row of `model` for each of `rows`, which have the values of `columns` (attribute names).

    `shared` has what is alike in all of them; a column that nobody names gets its default, the same for all; the
    primary key is left to the database unless it is named. With `copied` the last value of each row, beyond `columns`,
    is the primary key of the row to copy from. Returns the primary keys by `keyed_by`, a unique column, if given.

    No signals, and no auto_now or auto_now_add: the pre_save of fields is not called. A value that a column cannot hold
    raises what the database raises. Raises IntegrityError if a row to copy from is gone.
    """
    if not rows:
        return {}
    table = _Table(model)
    own = [table.fields[name] for name in columns]
    rest = table.others(columns, shared or {}, copied)
    into = [*own, *(table.fields[name] for name in rest)]
    values = [*(table.element(field, place) for place, field in enumerate(own)), *["%s"] * len(rest)]
    source, sent = table.source, list(own)
    if copied:
        other = _Table(copied.model)
        into += [table.fields[name] for name in copied.columns]
        values += [f"c.{other.column(other.fields[name])}" for name in copied.columns]
        source += f" JOIN {other.name} AS c ON c.{other.column(other.key)} = {other.element(other.key, len(own))}"
        sent.append(other.key)
    statement = f"INSERT INTO {table.name} ({table.listed(into)}) SELECT {', '.join(values)} FROM {source}"  # noqa: S608
    if keyed_by:
        statement += f" RETURNING {table.listed([table.fields[keyed_by], table.key])}"
    parameters = [table.fields[name].get_db_prep_save(value, table.connection) for name, value in rest.items()]
    with table.connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, table.rows_as_json(rows, sent)])
        keys = {table.fields[keyed_by].to_python(value): key for value, key in cursor.fetchall()} if keyed_by else {}
        # Not every driver counts the rows that a statement returns.
        stored = len(keys) if keyed_by else cursor.rowcount
        if copied and stored != len(rows):
            raise IntegrityError(f"Of {len(rows)} rows to copy from, {stored} are there.")
    return keys


def update_rows(rows: Sequence[models.Model], *, columns: Sequence[str]) -> int:
    """Store `columns` (attribute names) of `rows`, all of one model; returns how many were updated.

    No signals, and no auto_now: the pre_save of fields is not called. A value that a column cannot hold raises what the
    database raises.
    """
    if not rows:
        return 0
    table = _Table(type(rows[0]))
    fields = [table.fields[name] for name in columns]
    sets = ", ".join(
        f"{table.column(field)} = {table.element(field, place)}" for place, field in enumerate(fields, start=1)
    )
    where = f"{table.name}.{table.column(table.key)} = {table.element(table.key, 0)}"
    statement = f"UPDATE {table.name} SET {sets} FROM {table.source} WHERE {where}"  # noqa: S608
    values = list(map(attrgetter("pk", *columns), rows))
    with table.connection.cursor() as cursor:
        cursor.execute(statement, [table.rows_as_json(values, [table.key, *fields])])
        return int(cursor.rowcount)


def load_shared(rows: Collection[models.Model], **related: models.QuerySet[Any]) -> None:
    """Load what foreign keys of `rows`, all of one model, point to: each key from the query set of the same name.

    Like `prefetch_related_objects`, but several times as fast where many rows point to few.
    """
    for name, candidates in related.items():
        keys = set(map(attrgetter(f"{name}_id"), rows)) - {None}
        found = candidates.in_bulk(keys)
        get_key = attrgetter(f"{name}_id")
        for row in rows:
            # As `set_cached_value` of the field does.
            row._state.fields_cache[name] = found.get(get_key(row))


class _Table:
    """The SQL for a model, as this database writes it. Names are the model's own, so nothing here needs escaping."""

    def __init__(self, model: type[models.Model]) -> None:
        self.meta = model._meta
        self.connection: BaseDatabaseWrapper = connections[router.db_for_write(model)]
        self.is_postgresql = self.connection.vendor == "postgresql"
        self.name = self.connection.ops.quote_name(self.meta.db_table)
        self.key: Any = self.meta.pk
        self.fields: dict[str, Any] = {field.attname: field for field in self.meta.concrete_fields}
        self.source = "jsonb_array_elements(%s::jsonb) AS v(value)" if self.is_postgresql else "json_each(%s) AS v"

    def column(self, field: Any) -> str:
        return self.connection.ops.quote_name(field.column)

    def listed(self, fields: Sequence[Any]) -> str:
        return ", ".join(map(self.column, fields))

    def others(self, columns: Sequence[str], shared: Mapping[str, Any], copied: Copied | None) -> dict[str, Any]:
        """The values that all rows have: `shared`, and the defaults of columns that nobody names."""
        named = {self.key.attname, *columns, *shared, *(copied.columns if copied else ())}
        return {**shared, **{name: field.get_default() for name, field in self.fields.items() if name not in named}}

    def element(self, field: Any, place: int) -> str:
        """SQL for the value at `place` in a row."""
        if not self.is_postgresql:
            return f"json_extract(v.value, '$[{place}]')"
        kind = field.db_type(self.connection)
        # A cast would cut off what is too long; without one it is refused.
        return f"(v.value ->> {place})" + ("" if kind.startswith("varchar") else f"::{kind}")

    def rows_as_json(self, rows: Collection[Sequence[Any]], fields: Sequence[Any]) -> str:
        # By columns, not rows: field and types are looked at once per column instead of once per value.
        columns = zip(*rows, strict=True)
        values = [self._column_values(field, column) for field, column in zip(fields, columns, strict=True)]
        return json.dumps(list(zip(*values, strict=True)))

    def _column_values(self, field: Any, column: Sequence[Any]) -> Iterable[Any]:
        """The values of a column as they go into the JSON."""
        if isinstance(field, models.JSONField):
            return [None if value is None else json.dumps(value, cls=field.encoder) for value in column]
        if isinstance(getattr(field, "target_field", field), _PLAIN_FIELDS) and _PLAIN_VALUES.issuperset(
            map(type, column)
        ):
            return column
        # Rows that are written together often have equal values (moments, mostly), so each is converted once. The cache
        # needs them to be hashable, which they are.
        return map(cache(partial(self._converted, field)), column)

    def _converted(self, field: Any, value: Any) -> Any:
        stored = field.get_db_prep_save(value, self.connection)
        return stored if type(stored) in _PLAIN_VALUES or isinstance(stored, float) else _postgresql_text(stored)


def _postgresql_text(value: Any) -> str:
    """The text from which PostgreSQL reads a value of a type that JSON does not have."""
    if isinstance(value, timedelta):
        return f"{value // timedelta(microseconds=1)} microseconds"
    return value.isoformat() if isinstance(value, date) else str(value)
