"""A test that is stopped in the middle of a query does not take those after it along."""

from __future__ import annotations

import signal
from types import FrameType

import pytest
from django.db import connection, transaction

from tests.support.stopped_queries import end_query


class Stopped(Exception):
    pass


def stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


@pytest.mark.django_db
def test_the_connection_can_be_used_after_it() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's queries are not stopped in their middle.")
    before = signal.signal(signal.SIGALRM, stop)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(Stopped):
                cursor.execute("SELECT pg_sleep(30)")
            end_query(connection.connection)
            transaction.set_rollback(True)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    with connection.cursor() as cursor:
        assert cursor.execute("SELECT 1").fetchone() == (1,)
