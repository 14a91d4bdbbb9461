"""Another database than that of the tests, for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS, connection, connections

from mantik.lib.service_urls import database_config


@contextmanager
def connected_to(url: str) -> Iterator[None]:
    """In this thread, and in those it starts."""
    usual = connections[DEFAULT_DB_ALIAS], connections.databases[DEFAULT_DB_ALIAS]
    connections.databases[DEFAULT_DB_ALIAS] = usual[1] | {"OPTIONS": {}} | database_config(url)
    connections[DEFAULT_DB_ALIAS] = connections.create_connection(DEFAULT_DB_ALIAS)
    ContentType.objects.clear_cache()
    try:
        yield
    finally:
        connection.close()
        connections[DEFAULT_DB_ALIAS], connections.databases[DEFAULT_DB_ALIAS] = usual
        ContentType.objects.clear_cache()
