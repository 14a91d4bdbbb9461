"""Ends the query in which a test was stopped.

A time-out raises its exception wherever the test is. In the middle of a query it leaves a connection that is waiting
for an answer, and with it every later test of the process would fail: "another command is already in progress".
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from django.db import connections


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None]:
    yield from _and_end_what_it_left()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    yield from _and_end_what_it_left()


def _and_end_what_it_left() -> Generator[None]:
    try:
        yield
    except BaseException:
        for connection in connections.all(initialized_only=True):
            if connection.vendor == "postgresql" and connection.connection is not None:
                end_query(connection.connection)
        raise


def end_query(connection: Any) -> None:
    """`connection`: psycopg's. One without a query under way is left as it is."""
    from psycopg.pq import TransactionStatus

    if connection.closed or connection.pgconn.transaction_status != TransactionStatus.ACTIVE:
        return
    connection.cancel()
    while connection.pgconn.get_result() is not None:
        pass
