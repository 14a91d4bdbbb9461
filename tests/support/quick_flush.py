"""Tables are emptied after a test with transactions of its own: those with rows, and none that every test has alike.

Django's `flush` has PostgreSQL make new files for every table and every index, seven hundred of them, for the few
tables that a test writes into; over a thousand tests wait for that. Content types and permissions follow from the
models.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.commands import flush
from django.db.backends.base.base import BaseDatabaseWrapper

KEPT = frozenset(model._meta.db_table for model in (ContentType, Permission))


@pytest.fixture(scope="session", autouse=True)
def _only_what_is_there_is_emptied() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", _statements)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *_: None)
        yield


def _statements(_style: Any, connection: BaseDatabaseWrapper, **_wishes: bool) -> list[str]:
    """In any order: `flush` has one transaction, and foreign keys are looked at when it ends."""
    return [f"DELETE FROM {connection.ops.quote_name(table)}" for table in tables_with_rows(connection)]


def tables_with_rows(connection: BaseDatabaseWrapper) -> list[str]:
    names = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
    question = " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(name)})" for name in sorted(names)
    )
    with connection.cursor() as cursor:
        cursor.execute(question)
        return [name for (name,) in cursor.fetchall()]
