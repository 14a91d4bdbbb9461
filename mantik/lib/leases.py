"""One worker at a time at one row: a lease on it, which ends by itself if the worker dies with it.

A lease saves work, and keeps what two workers find out apart. It does not make the world outside see something once:
a worker that was thought dead may still be sending. So a worker on it is written like this; `runs/submission/submit.py`
and `runs/registered_models/worker.py` are.

1. The row says what is due: a state, a time (`next_attempt_at`). The model is `Leased`, and a method of its query set
   names the rows that are due, with `is_free(now)`.
2. A sweep (`mantik/beat.py`) reads those, so many at a time, and sends a message for each. It is the truth; a message
   that is sent at the commit of a wish only makes it quick, and whatever is lost is due again.
3. Claim: `take`. None means that it is not due, or somebody else's: leave without a word. Read the row after that.
4. Transactions are short, and nothing outside is asked in one. What cannot be taken back is announced in the row before
   it is done, and told there after it; who finds the announcement alone looks outside before doing it again.
5. Each write is fenced: `Lease.write`, or `Lease.mine` with all else that has to be as it was read (a state, a wish).
   That lengthens the lease, too. What takes longer than a lease calls `Lease.keep` as it goes.
6. `LeaseLost`: stop. Take back what was just made outside and what nobody else can know of; write nothing, tell
   nobody. Whoever has the row now goes on.
7. Done, or waiting: `NO_LEASE` or `give_back` in the very write that says when it is due next, after a pause of
   `mantik.lib.backoff`. What the world outside answers ends there; only our own defects are raised.
8. Tests: of many who take it at once one gets it; a lease that ended is taken over, and who had it writes nothing any
   more; what was wished meanwhile is not lost; a worker killed at each write, commit and request leaves a row that the
   sweep finds, and that comes to the same end (`tests/exactly_once/`).

What may be done twice at once needs no lease: jobs that are due to be asked about are only put off
(`runs/following/poll.py`). A copy of a repository is a folder, and has a lock of the file system.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.db import models
from django.db.models import Q

# For an update that gives the lease back.
NO_LEASE: Mapping[str, None] = {"lease_token": None, "lease_until": None}

R = TypeVar("R", bound=models.Model)
L = TypeVar("L", bound="Leased")


class Leased(models.Model):
    """A row that workers take leases on: whose it is, and until when."""

    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class LeaseLost(Exception):
    """The row is another worker's, or no longer as it was read; what was about to be written is theirs to write."""


@dataclass(frozen=True)
class Lease(Generic[L]):
    """The right of whoever has it to the row with the primary key `key`, each time for `time` from a write on."""

    model: type[L]
    key: int
    token: UUID
    time: timedelta

    @property
    def mine(self) -> models.QuerySet[L]:
        """The row, as long as nobody else has taken it."""
        return self.model._default_manager.filter(pk=self.key, lease_token=self.token)

    def write(self, row: L, *, now: datetime, unchanged: Collection[str] = (), **columns: Any) -> None:
        """Store `columns`, also on `row`, and lengthen the lease.

        Raises LeaseLost, with nothing written, if it is another's or the columns `unchanged` are not as on `row`.
        """
        as_read = {name: getattr(row, name) for name in unchanged}
        if not compare_and_set(self.mine.filter(**as_read), row, lease_until=now + self.time, **columns):
            raise LeaseLost

    def keep(self, row: L, *, now: datetime, unchanged: Collection[str] = ()) -> None:
        """For whoever is long at it, often: lengthens the lease once a quarter of it is over. Raises as `write`."""
        if row.lease_until is None or row.lease_until - now < self.time * 3 / 4:
            self.write(row, now=now, unchanged=unchanged)

    def give_back(self, **columns: Any) -> bool:
        """Let others have the row, with `columns` stored. False, with nothing written, if they have it already."""
        return bool(self.mine.update(**NO_LEASE, **columns))


def is_free(now: datetime) -> Q:
    """Of rows that no living worker has a lease on."""
    return Q(lease_until=None) | Q(lease_until__lte=now)


def take(rows: models.QuerySet[L], *, key: int, now: datetime, time: timedelta, **columns: Any) -> Lease[L] | None:
    """A lease on the row with the primary key `key`, with `columns` stored in the same statement.

    None if it is not one of `rows`, those that are due, or if another worker has it.
    """
    token = uuid4()
    free = rows.filter(is_free(now), pk=key)
    if not free.update(lease_token=token, lease_until=now + time, **columns):
        return None
    return Lease(rows.model, key, token, time)


def compare_and_set(rows: models.QuerySet[R], row: R, /, **columns: Any) -> bool:
    """Store `columns`, also on `row`, if it is still one of `rows`; False, with nothing changed, if it is not."""
    if not rows.filter(pk=row.pk).update(**columns):
        return False
    for name, value in columns.items():
        setattr(row, name, value)
    return True
