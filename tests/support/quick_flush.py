"""Tables are emptied after a test with transactions of its own: all but those that are the same for every test.

Content types and permissions follow from the models. Made anew after each such test, they were a tenth of a second of
it, and nearly nine hundred tests are such.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.commands import flush

KEPT = frozenset(model._meta.db_table for model in (ContentType, Permission))


@pytest.fixture(scope="session", autouse=True)
def _permissions_stay() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", _statements)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *_: None)
        yield


def _statements(style: Any, connection: Any, reset_sequences: bool, allow_cascade: bool) -> list[str]:
    """Of all tables but those: none of them names a row of another."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    statements: list[str] = connection.ops.sql_flush(
        style, sorted(set(tables) - KEPT), reset_sequences=reset_sequences, allow_cascade=allow_cascade
    )
    return statements
