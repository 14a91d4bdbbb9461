"""What a worker still has to write is written when the database is there again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, InterfaceError, OperationalError, transaction

from mantik.lib.database_loss import write_patiently

pytestmark = pytest.mark.django_db(transaction=True)


class Write:
    """Fails as told, one after the other, and is then done."""

    def __init__(self, *errors: Exception) -> None:
        self.calls, self._errors = 0, list(errors)

    def __call__(self) -> str:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return "done"


def test_it_is_tried_until_the_database_takes_it() -> None:
    write = Write(OperationalError("the connection is closed"), InterfaceError("connection already closed"))
    assert write_patiently(write) == "done"
    assert write.calls == 3


def test_in_the_end_it_is_given_up() -> None:
    write = Write(OperationalError("the database system is starting up"))
    with pytest.raises(OperationalError):
        write_patiently(write, patience=timedelta(0))
    assert write.calls == 1


def test_what_the_database_refuses_is_not_tried_again() -> None:
    write = Write(IntegrityError("duplicate key"))
    with pytest.raises(IntegrityError):
        write_patiently(write)
    assert write.calls == 1


def test_a_transaction_that_is_lost_is_lost_as_a_whole() -> None:
    write = Write(OperationalError("the connection is closed"))
    with pytest.raises(OperationalError), transaction.atomic():
        write_patiently(write)
    assert write.calls == 1
