"""Claims a run for one worker, and writes it while the worker has the lease: columns, events, a wait, or its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from mantik.lib.backoff import Clock, backoff
from mantik.lib.leases import NO_LEASE, Lease, take
from runs.lifecycle import move, record, wait
from runs.models import Run
from runs.states import RunState

FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=5)
DATABASE_LOST = "Mantik lost the connection to its database while it submitted the run. It continues by itself."


@dataclass
class ClaimedRun:
    """A run on which this worker has the lease. Every write checks that it still has it."""

    run: Run
    lease: Lease[Run]
    clock: Clock

    def end(self, to: RunState, message: str, **columns: Any) -> None:
        now = self.clock()
        # `next_poll_at`: `runs.following.finish` has to close the MLflow run.
        move(
            self.run,
            to=to,
            now=now,
            message=message,
            lease=self.lease,
            next_poll_at=now,
            **columns,
        )

    def wait(
        self, reason: str, *, pause: timedelta | None = None, keeps_next_attempt: bool = False, **columns: Any
    ) -> None:
        """Give the run back with a reason and a time to try again.

        `keeps_next_attempt`: the time stays as it is, and `pause` does not count. The site's outage holds the run back
        meanwhile; when it ends, the run is among the first to be tried.
        """
        now = self.clock()
        # `attempts` includes this one, and backoff counts from 0.
        pause = pause or backoff(self.run.attempts - 1, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
        wait(
            self.run,
            reason=reason,
            now=now,
            lease=self.lease,
            next_attempt_at=self.run.next_attempt_at if keeps_next_attempt else now + pause,
            **NO_LEASE,
            **columns,
        )

    def give_back(self) -> bool:
        """Give the run back after the database was away. The next worker continues from the row, whatever it says."""
        now = self.clock()
        pause = backoff(self.run.attempts - 1, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
        return self.lease.give_back(waiting_for=DATABASE_LOST, waiting_since=now, next_attempt_at=now + pause)

    def require_lease(self) -> None:
        """Check the lease before deleting a job that another worker may have started. Raises LeaseLost."""
        self.write()

    def write(self, *, event: tuple[str, str] | None = None, **columns: Any) -> None:
        """Store columns and their event, and lengthen the lease. Raises LeaseLost without storing anything."""
        now = self.clock()
        with transaction.atomic():
            self.lease.write(self.run, now=now, unchanged=("state",), **columns)
            if event:
                record(self.run, now=now, kind=event[0], message=event[1])


def claim(run_id: int, clock: Clock) -> ClaimedRun | None:
    """None if the run is not due, or in another worker's hands."""
    now = clock()
    with transaction.atomic():
        lease = take(
            Run.objects.due_for_submission(now),
            key=run_id,
            now=now,
            attempts=F("attempts") + 1,
            submitting_at=Coalesce("submitting_at", now),
        )
        if lease is None:
            return None
        run = _load(run_id)
        if run.state == RunState.PENDING:
            move(run, to=RunState.SUBMITTING, now=now, message="A worker has started to submit the run.", lease=lease)
    return ClaimedRun(run, lease, clock)


def _load(run_id: int) -> Run:
    run: Run = Run.objects.select_related(
        "project",
        "experiment__project",
        "code_repository__connection__owner",
        "code_repository__project",
        "connection__site",
        "created_by",
        "cancel_requested_by",
    ).get(pk=run_id)
    return run
