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

# In these columns such values are what they are in JSON.
_PLAIN_FIELDS = (models.CharField, models.TextField, models.BooleanField, models.IntegerField)
_PLAIN_VALUES = frozenset((str, int, bool, type(None)))


@dataclass(frozen=True)
class Copied:
    """`columns` that come from rows of `model` as they are, without leaving the database."""

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

    `shared` has what is alike in all of them; a column that nobody names gets its default, the same for all. With
    `copied` the last value of each row, beyond `columns`, is the primary key of the row to copy from. Returns the
    primary keys by the column `keyed_by`, if given. No signals. A value that a column cannot hold raises what the
    database raises. Raises IntegrityError if a row to copy from is gone.
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
        cursor.execute(statement, [*parameters, table.json(rows, sent)])
        keys = {table.fields[keyed_by].to_python(value): key for value, key in cursor.fetchall()} if keyed_by else {}
        # Not every driver counts the rows that a statement returns.
        stored = len(keys) if keyed_by else cursor.rowcount
        if copied and stored != len(rows):
            raise IntegrityError(f"Of {len(rows)} rows to copy from, {stored} are there.")
    return keys


def update_rows(rows: Sequence[models.Model], *, columns: Sequence[str]) -> int:
    """Store `columns` (attribute names) of `rows`, all of one model; how many rows there were.

    A value that a column cannot hold raises what the database raises.
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
        cursor.execute(statement, [table.json(values, [table.key, *fields])])
        return int(cursor.rowcount)


def load_shared(rows: Collection[models.Model], **related: models.QuerySet[Any]) -> None:
    """Load what foreign keys of `rows`, all of one model, point to, each from the query set named like it.

    Like `prefetch_related_objects`, which takes a multiple of the time where many rows point to few.
    """
    for name, candidates in related.items():
        keys = set(map(attrgetter(f"{name}_id"), rows)) - {None}
        found = candidates.in_bulk(keys)
        for row in rows:
            field: Any = row._meta.get_field(name)
            field.set_cached_value(row, found.get(getattr(row, field.attname)))


class _Table:
    """How this database writes what belongs to a model. Names are the model's own, so nothing here needs escaping."""

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
        """`shared`, and defaults for what is named nowhere."""
        named = {self.key.attname, *columns, *shared, *(copied.columns if copied else ())}
        return {**shared, **{name: field.get_default() for name, field in self.fields.items() if name not in named}}

    def element(self, field: Any, place: int) -> str:
        """The value at `place` of one of the rows."""
        if not self.is_postgresql:
            return f"json_extract(v.value, '$[{place}]')"
        kind = field.db_type(self.connection)
        # A cast would cut off what is too long; without one it is refused.
        return f"(v.value ->> {place})" + ("" if kind.startswith("varchar") else f"::{kind}")

    def json(self, rows: Collection[Sequence[Any]], fields: Sequence[Any]) -> str:
        # Column by column: what is alike in a column is looked at once.
        columns = zip(*rows, strict=True)
        encoded = [self._encoded(field, column) for field, column in zip(fields, columns, strict=True)]
        return json.dumps(list(zip(*encoded, strict=True)))

    def _encoded(self, field: Any, column: Sequence[Any]) -> Iterable[Any]:
        """The values of a column as they stand in JSON."""
        if isinstance(field, models.JSONField):
            return [None if value is None else json.dumps(value, cls=field.encoder) for value in column]
        if isinstance(getattr(field, "target_field", field), _PLAIN_FIELDS) and _PLAIN_VALUES.issuperset(
            map(type, column)
        ):
            return column
        # Schedules that are due together share most of their moments.
        return map(cache(partial(self._in_json, field)), column)

    def _in_json(self, field: Any, value: Any) -> Any:
        stored = field.get_db_prep_save(value, self.connection)
        return stored if type(stored) in _PLAIN_VALUES or isinstance(stored, float) else _as_json(stored)


def _as_json(value: Any) -> str:
    """What PostgreSQL reads of a value that JSON has no word for."""
    if isinstance(value, timedelta):
        return f"{value // timedelta(microseconds=1)} microseconds"
    return value.isoformat() if isinstance(value, date) else str(value)
