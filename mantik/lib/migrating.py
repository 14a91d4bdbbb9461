"""How migrations change the indexes of large tables while Mantik works on them: on PostgreSQL, without locking them.

A migration with these needs `atomic = False`, and can be started again where it was interrupted. Migrations that are
out import this module, so what it does stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import structlog
from django.db.migrations.operations import AddIndex, AlterField, RemoveIndex, RunPython, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.models import Field, Model, Q

from mantik.lib.name_keys import fill_keys

log = structlog.get_logger(__name__)


class AddIndexMeanwhile(AddIndex):
    """Adds an index, after removing what is left of it if its making was interrupted."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        if not _is_postgresql(schema_editor):
            schema_editor.add_index(model, self.index)
            return
        _drop(schema_editor, self.index.name)
        schema_editor.add_index(model, self.index, concurrently=True)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            _drop(schema_editor, self.index.name)


class RemoveIndexMeanwhile(RemoveIndex):
    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            _drop(schema_editor, self.name)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        index = to_state.models[app_label, self.model_name_lower].get_index_by_name(self.name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.add_index(model, index)


class DropIndexesOfColumn(Operation):
    """Drops the plain indexes of one column alone: those that Django made with it. The way back leaves it without."""

    reversible = True

    def __init__(self, model_name: str, name: str) -> None:
        self.model_name, self.name = model_name, name

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            for name in list(_plain_indexes(schema_editor, model, model._meta.get_field(self.name))):
                _drop(schema_editor, name)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        pass

    def describe(self) -> str:
        return f"Drop the indexes of {self.name} on {self.model_name}"


def fill_name_keys(
    app_label: str,
    model_name: str,
    *,
    of: str = "name",
    column: str = "name_key",
    within: Sequence[str] = (),
    only: Q | None = None,
) -> RunPython:
    """Fills the column of a `NameKeyField` before it becomes unique, in one transaction with that.

    Names that count as the same stay as they are. Each such group is a line of the log; `manage.py check_names` lists
    them at any time.
    """

    def fill(apps: Any, _: Any) -> None:
        model = apps.get_model(app_label, model_name)
        for clash in fill_keys(model, of=of, column=column, within=within, only=only):
            log.warning("names_count_as_the_same", table=model._meta.db_table, names=clash.names, keys=clash.keys)

    return RunPython(fill, RunPython.noop)


def without_index(model_name: str, name: str, field: Field[Any, Any]) -> SeparateDatabaseAndState:
    """AlterField to a field with `db_index=False`: of a foreign key, that would by itself check every row once more."""
    return SeparateDatabaseAndState(
        database_operations=[DropIndexesOfColumn(model_name, name)],
        state_operations=[AlterField(model_name=model_name, name=name, field=field)],
    )


def _plain_indexes(schema_editor: Any, model: type[Model], field: Any) -> Iterator[str]:
    named = {index.name for index in model._meta.indexes}
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    for name, index in found.items():
        is_plain = index["index"] and not (index["unique"] or index["primary_key"])
        if is_plain and index["columns"] == [field.column] and name not in named:
            yield name


def _drop(schema_editor: Any, name: str) -> None:
    meanwhile = "CONCURRENTLY " if _is_postgresql(schema_editor) else ""
    schema_editor.execute(f"DROP INDEX {meanwhile}IF EXISTS {schema_editor.quote_name(name)}")


def _is_postgresql(schema_editor: Any) -> bool:
    return bool(schema_editor.connection.vendor == "postgresql")
