"""Leases: the time-limited right of one worker to work on one row. A lease ends by itself if its worker dies.

A lease saves work and keeps the results of two workers apart. It cannot make sure that the outside sees a request only
once: a worker that was thought dead may still be sending. So write a worker as follows; examples are
`runs/submission/submit.py` and `runs/registered_models/worker.py`.

1. The row says what is due: a state, and a time (`next_attempt_at`). The model is `Leased`, and a method of its query
   set selects the rows that are due, with `is_free(now)`.
2. A sweep (`mantik/beat.py`) reads some of these at a time and sends a message for each; or one message for all of
   them, if whoever gets it decides which row is next (`runs/submission/turns.py`). The sweep is what counts; a
   message that is sent when somebody asks for something only makes it quicker, and a lost message is sent again.
3. Claim the row with `take`. None means that it is not due, or that another worker has it: return. Read the row after
   that, and do the rest inside `with lease.kept(...)`, which lengthens the lease while an answer is awaited, however
   long that takes. So a lease may be short, `MANTIK_LEASE_SECONDS`: it says how long the row of a killed worker is left
   alone, not how long work may take. That is limited by `longest`, the hard time limit of its task.
4. Keep transactions short, and ask nothing outside during one. Before doing something that cannot be undone, store in
   the row that it is about to happen, and afterwards that it did. A worker that finds only the first note looks outside
   before it does it again.
5. Every write checks the lease: `Lease.write`, or `Lease.mine` together with everything else that must not have changed
   since it was read. A write also lengthens the lease. Only writes find out that it is lost: a process that was frozen
   for longer than its lease wakes up between two of them. Work of many small parts calls `Lease.check` now and then,
   and stops sooner.
6. On `LeaseLost`, stop. Undo what was just made outside and what nobody else can know of; write nothing and notify
   nobody. The worker that has the row now continues.
7. When done or waiting, end the lease in the same write that says when the row is due next, after a pause from
   `mantik.lib.backoff`: with `give_back`, or with `NO_LEASE` in an update of `Lease.mine` (`write` lengthens the
   lease). Answers from outside are dealt with here; only our own bugs are raised.
8. Let errors of the database (`DATABASE_AWAY`) out of `kept`, which tries for half a minute to give the row back. What
   only this worker knows and nobody can ask for again, such as a token that the old one was exchanged for, is stored
   with `write_patiently` (`mantik/lib/database_loss.py`).
9. Test that of many workers that take a row at once, only one gets it; that a lease that ended is taken over, and its
   former worker can no longer write; that a request made meanwhile is not lost; and that a worker killed at each write,
   commit and request leaves a row that the sweep finds, and that ends the same way (`tests/exactly_once/`).

Clocks of machines may differ: a lease is written by one and compared by others. It is lengthened each third of its
time, so a difference of up to a third of it takes no row from a worker that lives.

Work that may be done twice needs no token: many rows at once are only put off, for the time of a lease (`put_off`,
`kept_off`; `runs/following/poll.py`). A copy of a repository is a folder and has a lock in the file system.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import models, transaction
from django.db.models import Q

from mantik.lib import keeper
from mantik.lib.backoff import Clock
from mantik.lib.database_loss import DATABASE_AWAY, write_patiently

log = structlog.get_logger(__name__)

# The columns that end a lease, in an update of `Lease.mine`.
NO_LEASE: Mapping[str, None] = {"lease_token": None, "lease_until": None}

R = TypeVar("R", bound=models.Model)
L = TypeVar("L", bound="Leased")


class Leased(models.Model):
    """A row that workers take leases on: whose lease it is, and until when."""

    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class LeaseLost(Exception):
    """Another worker has the row, or it has changed since it was read; nothing was written."""


@dataclass(frozen=True)
class Lease(Generic[L]):
    """A lease on the row with the primary key `key`; every write extends it by `time` from then."""

    model: type[L]
    key: int
    token: UUID
    time: timedelta

    @property
    def mine(self) -> models.QuerySet[L]:
        """The row, while no other worker has taken it."""
        return self.model._default_manager.filter(pk=self.key, lease_token=self.token)

    def write(self, row: L, *, now: datetime, unchanged: Collection[str] = (), **columns: Any) -> None:
        """Store `columns`, also on `row`, and lengthen the lease.

        Raises LeaseLost, with nothing written, if it is another's or the columns `unchanged` are not as on `row`.
        """
        as_read = {name: getattr(row, name) for name in unchanged}
        if not compare_and_set(self.mine.filter(**as_read), row, lease_until=now + self.time, **columns):
            raise LeaseLost

    def check(self, row: L, *, now: datetime, unchanged: Collection[str] = ()) -> None:
        """For long work, which may call it often: raises as `write` does, and writes only now and then.

        When a quarter of the lease's time is over since the last write: so work that goes on for nothing ends soon, and
        work of thousands of small parts costs a few writes.
        """
        if row.lease_until is None or row.lease_until - now < self.time * 3 / 4:
            self.write(row, now=now, unchanged=unchanged)

    @contextmanager
    def kept(
        self, *, clock: Clock, longest: timedelta, give_back: Callable[[], object] | None = None
    ) -> Iterator[None]:
        """For `with`: lengthen the lease for at most `longest`, whatever the caller waits for.

        If an error of the database ends the block, `give_back` (by default `Lease.give_back`) is tried for half a
        minute, so it may be called several times. After that, or if the process dies, the lease runs out by itself.
        """

        def lengthen() -> bool:
            return bool(self.mine.update(lease_until=clock() + self.time))

        with keeper.kept(lengthen, claim=self.time, longest=longest):
            try:
                yield
            except DATABASE_AWAY:
                self._give_back_patiently(give_back or self.give_back)
                raise

    def _give_back_patiently(self, give_back: Callable[[], object]) -> None:
        try:
            write_patiently(give_back)
        except DATABASE_AWAY:
            log.error("lease_not_given_back", table=self.model._meta.db_table, row=self.key)

    def give_back(self, **columns: Any) -> bool:
        """Store `columns` and end the lease. False, without writing, if another worker already has the row."""
        return bool(self.mine.update(**NO_LEASE, **columns))


def is_free(now: datetime) -> Q:
    """Rows without a lease of a live worker."""
    return Q(lease_until=None) | Q(lease_until__lte=now)


def usual_time() -> timedelta:
    """The time of a lease: how long the row of a killed worker is left alone."""
    return timedelta(seconds=settings.MANTIK_LEASE_SECONDS)


def take(
    rows: models.QuerySet[L], *, key: int, now: datetime, time: timedelta | None = None, **columns: Any
) -> Lease[L] | None:
    """Take a lease on the row with the primary key `key`, and store `columns` in the same statement.

    `rows` are the rows that are due. None if the row is not one of them, or if another worker has it.
    """
    token, time = uuid4(), time or usual_time()
    free = rows.filter(is_free(now), pk=key)
    if not free.update(lease_token=token, lease_until=now + time, **columns):
        return None
    return Lease(rows.model, key, token, time)


def insert(model: type[L], *, now: datetime, **columns: Any) -> Lease[L]:
    """Store a new row with a lease on it. Raises IntegrityError."""
    token, time = uuid4(), usual_time()
    row = model._default_manager.create(lease_token=token, lease_until=now + time, **columns)
    return Lease(model, row.pk, token, time)


def put_off(rows: models.QuerySet[R], *, column: str, most: int, now: datetime) -> list[int]:
    """Claim up to `most` of `rows`, longest due first: `column`, when each is due, is set to the end of a lease.

    If the worker dies, they are due again then, so what it was doing may be done twice. Returns their primary keys.
    """
    with transaction.atomic():
        free = rows.order_by(column).select_for_update(skip_locked=True, of=("self",))
        keys = list(free.values_list("pk", flat=True)[:most])
        rows.model._default_manager.filter(pk__in=keys).update(**{column: now + usual_time()})
    return keys


def kept_off(
    rows: models.QuerySet[R], *, column: str, until: Collection[Any], clock: Clock, longest: timedelta
) -> AbstractContextManager[None]:
    """For `with`: as `Lease.kept`, for rows that were put off `until` then. Those put off by somebody else stay so."""
    time, known = usual_time(), set(until)

    def lengthen() -> bool:
        new = clock() + time
        kept = rows.filter(**{f"{column}__in": known}).update(**{column: new})
        known.clear()
        known.add(new)
        return bool(kept)

    return keeper.kept(lengthen, claim=time, longest=longest)


def compare_and_set(rows: models.QuerySet[R], row: R, /, **columns: Any) -> bool:
    """Store `columns`, also on `row`, if it is still one of `rows`; False, with nothing changed, if it is not."""
    if not rows.filter(pk=row.pk).update(**columns):
        return False
    for name, value in columns.items():
        setattr(row, name, value)
    return True
