"""Foreign keys of the largest tables have no index of their own: another one begins with each of them."""

from __future__ import annotations

import pytest
from django.db import connection, models

from mantik.audit.models import AuditEvent
from runs.models import Run, RunEvent

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [Run, RunEvent, AuditEvent], ids=lambda model: model.__name__)
def test_an_index_begins_with_each_foreign_key(model: type[models.Model]) -> None:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    begins = {one["columns"][0] for one in found.values() if one["columns"] and (one["index"] or one["unique"])}
    keys = {field.column for field in model._meta.concrete_fields if isinstance(field, models.ForeignKey)}
    assert keys <= begins


def test_no_index_of_a_run_is_the_beginning_of_another() -> None:
    """Each index is written whenever a run is stored or changes its state."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Run._meta.db_table)
    partial = {index.name for index in Run._meta.indexes if index.condition is not None}
    plain = {name: tuple(one["columns"]) for name, one in found.items() if one["index"] and name not in partial}
    redundant = [
        (name, other)
        for name, columns in plain.items()
        for other, more in plain.items()
        if name != other and columns and more[: len(columns)] == columns
    ]
    assert redundant == []
