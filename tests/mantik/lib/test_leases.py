"""One worker at a time at one row, whoever dies and whoever comes back."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import OperationalError
from django.db.models import F
from pytest_django import DjangoAssertNumQueries

from mantik.lib import keeper
from mantik.lib.clocks import APART
from mantik.lib.leases import NO_LEASE, Lease, LeaseLost, compare_and_set, is_free, take, usual_time
from mantik.notices.models import Letter
from tests.support.at_once import at_once
from tests.support.factories import make_letter
from tests.support.waiting import wait_until

NOW = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
TIME = timedelta(minutes=4)
LATER = NOW + TIME
WORKERS = 6
SHORT = timedelta(seconds=0.1)


@pytest.fixture
def row(db: None) -> Letter:
    return make_letter(next_attempt_at=NOW)


def claim(row: Letter, now: datetime = NOW) -> Lease[Letter] | None:
    return take(Letter.objects.due(now=now), key=row.pk, now=now, time=TIME)


def taken(row: Letter, now: datetime = NOW) -> Lease[Letter]:
    lease = claim(row, now)
    assert lease
    row.refresh_from_db()
    return lease


def stored(row: Letter) -> dict[str, object]:
    return dict(Letter.objects.values().get(pk=row.pk))


def test_who_takes_a_row_has_it_alone_until_the_lease_ends(row: Letter) -> None:
    lease = taken(row)
    assert (row.lease_token, row.lease_until) == (lease.token, LATER)
    assert list(lease.mine) == [row]
    assert not Letter.objects.filter(is_free(LATER - timedelta(seconds=1))).exists()
    assert claim(row, LATER - timedelta(seconds=1)) is None

    assert list(Letter.objects.filter(is_free(LATER))) == [row]
    assert claim(row, LATER)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_take_it_at_once_one_gets_it(row: Letter) -> None:
    found = at_once([partial(claim, row)] * WORKERS)
    leases = [one for one in found if one is not None]
    assert len(leases) == 1
    assert isinstance(leases[0], Lease)
    row.refresh_from_db()
    assert row.lease_token == leases[0].token


def test_only_what_is_due_is_taken(row: Letter) -> None:
    assert claim(row, NOW - timedelta(seconds=1)) is None
    assert take(Letter.objects.filter(attempts=1), key=row.pk, now=NOW, time=TIME) is None
    assert take(Letter.objects.all(), key=row.pk + 1, now=NOW, time=TIME) is None
    row.refresh_from_db()
    assert row.lease_token is None


def test_what_is_counted_is_counted_with_the_claim(row: Letter) -> None:
    count = {"attempts": F("attempts") + 1}
    for _ in range(2):
        take(Letter.objects.all(), key=row.pk, now=NOW, time=TIME, **count)
    row.refresh_from_db()
    assert row.attempts == 1


def test_a_write_is_stored_shown_and_lengthens_the_lease(row: Letter) -> None:
    lease, now = taken(row), NOW + timedelta(minutes=1)
    lease.write(row, now=now, unchanged=("attempts",), error="busy", attempts=3)
    assert (row.error, row.attempts, row.lease_until) == ("busy", 3, now + TIME)
    assert stored(row) == stored(row) | {"error": "busy", "attempts": 3, "lease_until": now + TIME}


def test_who_was_thought_dead_and_comes_back_writes_nothing(row: Letter) -> None:
    late = taken(row)
    other = taken(row, LATER)
    before = stored(row)

    with pytest.raises(LeaseLost):
        late.write(row, now=LATER, error="mine")
    with pytest.raises(LeaseLost):
        late.check(row, now=LATER + TIME)
    assert not late.give_back(error="mine")
    assert late.mine.delete()[0] == 0
    assert (stored(row), row.error) == (before, "")

    other.write(row, now=LATER, error="theirs")
    assert stored(row)["error"] == "theirs"


def test_a_lease_that_ended_is_still_good_while_nobody_else_wants_the_row(row: Letter) -> None:
    lease = taken(row)
    lease.write(row, now=LATER + TIME, error="slow")
    assert claim(row, LATER + TIME) is None
    assert stored(row)["error"] == "slow"


def test_what_somebody_wished_meanwhile_is_not_written_over(row: Letter) -> None:
    lease = taken(row)
    Letter.objects.update(subject="Goodbye")
    before = stored(row)
    with pytest.raises(LeaseLost):
        lease.write(row, now=NOW, unchanged=("subject",), error="mine")
    assert (stored(row), row.error) == (before, "")
    # The row is still theirs; it is what they have read that is not true any more.
    assert lease.mine.exists()


def test_who_is_long_at_it_keeps_the_lease_and_seldom_writes(
    row: Letter, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    lease = taken(row)
    with django_assert_num_queries(0):
        for seconds in range(60):
            lease.check(row, now=NOW + timedelta(seconds=seconds))
    now = NOW + timedelta(seconds=61)
    with django_assert_num_queries(1):
        lease.check(row, now=now)
    assert stored(row)["lease_until"] == row.lease_until == now + TIME


def test_what_is_given_back_anybody_may_take_at_once(row: Letter) -> None:
    lease = taken(row)
    assert lease.give_back(error="No answer")
    assert stored(row) == stored(row) | {"error": "No answer", **NO_LEASE}
    assert not lease.mine.exists()
    assert claim(row)


def test_compare_and_set_without_a_lease(row: Letter) -> None:
    assert not compare_and_set(Letter.objects.filter(attempts=1), row, error="mine")
    assert (stored(row)["error"], row.error) == ("", "")
    assert compare_and_set(Letter.objects.filter(attempts=0), row, error="mine")
    assert (stored(row)["error"], row.error) == ("mine", "mine")


# While an answer is awaited. Threads use a connection of their own, so what they read has to be committed.


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def short(row: Letter, now: datetime = NOW) -> Lease[Letter]:
    """A lease that is lengthened several times a second."""
    lease = take(Letter.objects.due(now=now), key=row.pk, now=now, time=SHORT)
    assert lease
    return lease


@pytest.mark.django_db(transaction=True)
def test_a_slow_answer_costs_nobody_the_lease_however_late_it_is(row: Letter) -> None:
    clock = Time()
    lease = short(row)
    with lease.kept(clock=clock, longest=TIME):
        for _ in range(5):
            clock.now += SHORT / 2
            wait_until(lambda: stored(row)["lease_until"] == clock.now + SHORT)
            assert claim(row, clock.now) is None
    clock.now += SHORT
    assert claim(row, clock.now), "It has ended, although it was not given back."


@pytest.mark.django_db(transaction=True)
def test_a_lease_that_was_lost_meanwhile_is_left_to_whoever_has_it(row: Letter) -> None:
    """As of a worker that was frozen for longer than its lease."""
    clock = Time()
    late = short(row)
    with late.kept(clock=clock, longest=TIME):
        clock.now = LATER
        other = take(Letter.objects.all(), key=row.pk, now=LATER + TIME, time=TIME)
        assert other
        before = stored(row)
        wait_until(lambda: not any(thread.name == "keeper" for thread in threading.enumerate()))
        with pytest.raises(LeaseLost):
            late.write(row, now=LATER, error="mine")
    assert stored(row) == before


@pytest.mark.django_db(transaction=True)
def test_who_loses_the_database_gives_back_what_it_holds(row: Letter) -> None:
    lease = taken(row)
    with pytest.raises(OperationalError), lease.kept(clock=Time(), longest=TIME):
        raise OperationalError("the connection is closed")
    assert claim(row)


@pytest.mark.django_db(transaction=True)
def test_it_is_given_back_as_soon_as_the_database_is_there_again(row: Letter) -> None:
    lease, tries = taken(row), []

    def give_back() -> bool:
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError("the database system is starting up")
        return lease.give_back(error="lost")

    with pytest.raises(OperationalError, match="closed"), lease.kept(clock=Time(), longest=TIME, give_back=give_back):
        raise OperationalError("the connection is closed")
    assert stored(row) == stored(row) | {"error": "lost", **NO_LEASE}


def test_another_error_leaves_the_row_to_whoever_knows_it(row: Letter) -> None:
    lease = taken(row)
    with pytest.raises(ZeroDivisionError), lease.kept(clock=Time(), longest=TIME):
        raise ZeroDivisionError
    assert lease.mine.exists()


@pytest.mark.parametrize("ahead", [APART, -APART])
def test_who_lives_keeps_the_row_although_clocks_of_machines_differ(row: Letter, ahead: timedelta) -> None:
    """Of two machines one lengthens as late as it ever does; the other wants the row all the time."""
    time = usual_time()
    lease = take(Letter.objects.all(), key=row.pk, now=NOW)
    assert lease
    until_next = time / keeper.TIMES_PER_CLAIM
    for number in range(1, 4):
        # One statement was lost.
        now = NOW + 2 * number * until_next
        assert take(Letter.objects.all(), key=row.pk, now=now + ahead) is None
        lease.write(row, now=now)
    # It is killed, and the other takes over when its own clock says so.
    assert take(Letter.objects.all(), key=row.pk, now=now + time + abs(ahead) + ahead)
