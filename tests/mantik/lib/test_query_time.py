"""A query that takes too long is stopped, and the connection goes on."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection

from mantik.accounts.models import User
from mantik.lib.query_time import TooSlow, at_most
from tests.support.factories import make_user

pytestmark = pytest.mark.django_db
# Some minutes' work on either database.
ENDLESS = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2000000000)
SELECT count(*) FROM numbers
"""


def run(sql: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def test_an_endless_query_is_stopped_and_the_connection_can_be_used() -> None:
    make_user("ada")
    with pytest.raises(TooSlow), at_most(0.2):
        run(ENDLESS)
    assert User.objects.get().username == "ada"
    with at_most(60):
        assert run("SELECT 7") == 7


def test_queries_share_the_time() -> None:
    with pytest.raises(TooSlow), at_most(0.2):
        list(iter(lambda: run("SELECT 7"), 8))


def test_afterwards_there_is_no_bound() -> None:
    with at_most(60):
        run("SELECT 7")
    if connection.vendor == "postgresql":
        assert run("SHOW statement_timeout") == "0"
    assert run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT max(i) FROM n")


def test_any_other_error_is_its_own() -> None:
    with pytest.raises(OperationalError, match="another"), at_most():
        raise OperationalError("another")
