"""What a worker still has to write is written when the database is there again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connection, transaction
from psycopg import errors
from psycopg_pool import PoolTimeout

from mantik.lib.database_loss import PAUSE_SECONDS, Loss, Outage, loss_in, write_patiently
from mantik.server.patient_connection import Silent

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


# Which errors say so


def as_django_raises(cause: Exception) -> OperationalError:
    """What Django makes of an error of its driver."""
    try:
        raise OperationalError(str(cause)) from cause
    except OperationalError as error:
        return error


@pytest.mark.parametrize(
    ("cause", "loss"),
    [
        (psycopg.OperationalError("connection failed: Connection refused"), Loss.AWAY),
        (errors.ConnectionTimeout("connection timeout expired"), Loss.AWAY),
        (PoolTimeout("couldn't get a connection after 3.00 sec"), Loss.AWAY),
        (Silent(), Loss.AWAY),
        (errors.CannotConnectNow("the database system is starting up"), Loss.AWAY),
        (errors.AdminShutdown("terminating connection"), Loss.AWAY),
        (errors.TooManyConnections("sorry, too many clients already"), Loss.AWAY),
        (errors.QueryCanceled("canceling statement due to user request"), Loss.BUSY),
        (errors.LockNotAvailable("lock timeout"), Loss.BUSY),
        (errors.DeadlockDetected("deadlock detected"), Loss.BUSY),
        (errors.SerializationFailure("could not serialize"), Loss.BUSY),
        (errors.UndefinedTable("no such relation"), None),
        (errors.UniqueViolation("duplicate key"), None),
        (sqlite3.OperationalError("said by nobody"), None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_a_driver_raises_says_whether_the_database_is_away(cause: Exception, loss: Loss | None) -> None:
    error = as_django_raises(cause)
    assert loss_in(error) is loss
    later = RuntimeError("what came of it")
    later.__context__ = error
    assert loss_in(later) is loss
    assert loss_in(RuntimeError()) is None


@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_what_sqlite_raises() -> None:
    with pytest.raises(DatabaseError) as missing, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM nowhere")
    assert loss_in(missing.value) is None
    with pytest.raises(sqlite3.OperationalError) as nowhere:
        sqlite3.connect("/nowhere/at/all.sqlite3")
    assert loss_in(nowhere.value) is Loss.AWAY
    name = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(name)) as one, closing(sqlite3.connect(name, timeout=0)) as other:
        one.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError) as locked:
            other.execute("BEGIN IMMEDIATE")
    assert loss_in(locked.value) is Loss.BUSY


class Hands:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_while_nobody_is_served_one_at_a_time_asks() -> None:
    clock = Hands()
    outage = Outage(clock=clock)
    assert outage.may_ask()
    # One that was cut off, or waits for a lock, says nothing about the others.
    assert not outage.notice(errors.AdminShutdown())
    assert not outage.notice(errors.LockNotAvailable())
    assert outage.may_ask()
    assert outage.notice(Silent())
    assert not outage.may_ask()
    clock.now += PAUSE_SECONDS
    assert outage.may_ask()
    assert not outage.may_ask()
    outage.end()
    assert outage.may_ask()
    assert outage.may_ask()
