"""The only place where a run changes state.

A move is a compare-and-set on the state that the caller has seen, because the web, several workers and the
site's notifications race. Whoever changes the row writes the event, in the same transaction; everybody else
learns that they were late and does nothing.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from mantik.accounts.models import User
from mantik.lib.leases import NO_LEASE, Lease, compare_and_set
from runs.models import Run, RunEvent
from runs.states import MOVES, RunState
from runs.tracking.carrying.due import look_soon

# When the phases of a run begin, in their order.
BEGINNINGS = ("submitting_at", "submitted_at", "running_at", "ended_at")
# Added to the outcome of a run that ends although its job may still be running.
JOB_OUT_OF_REACH = (
    "Mantik can no longer reach the job, because the connection was deleted. If the job still runs, end it at the site."
)


class IllegalMove(Exception):
    """A move that the table of moves does not allow: a bug in the caller."""


def move(
    run: Run,
    *,
    to: RunState,
    now: datetime,
    message: str,
    lease: Lease[Run] | None = None,
    **columns: Any,
) -> bool:
    """Move `run` from the state it was read in to `to`, with `columns`; False if somebody was faster.

    With `lease` the move also fails if that lease is no longer held. `run` is brought up to date on success and left
    alone otherwise. The event of a cancelled run names who cancelled it.

    The clocks of the machines that write the phases may differ. So no phase begins before the former one has begun.
    """
    if to not in MOVES[run.run_state]:
        raise IllegalMove(f"{run.state} -> {to}")
    values = {"state": to, "waiting_for": "", "waiting_since": None, **columns}
    if to.is_terminal:
        values.setdefault("outcome", message)
        values |= {"ended_at": now, "next_attempt_at": None, **NO_LEASE}
    _put_in_order(run, values)
    actor = run.cancel_requested_by if to == RunState.CANCELLED else None
    with transaction.atomic():
        if not set_columns(run, lease=lease, **values):
            return False
        record(run, now=now, kind=f"state.{to.lower()}", message=message, actor=actor)
        if to == RunState.RUNNING or to.is_terminal:
            look_soon(run, now=now)
    return True


def _put_in_order(run: Run, values: dict[str, Any]) -> None:
    latest = run.created_at
    for name in BEGINNINGS:
        latest = max(latest, values.get(name) or getattr(run, name) or latest)
        if values.get(name):
            values[name] = latest


def cancelled_message(run: Run) -> str:
    """The outcome of a run that a member or its schedule cancelled; "" if neither did."""
    if run.cancel_requested_at is None:
        return ""
    by = run.cancel_requested_by
    return f"Cancelled by {by.display_name}." if by else "Cancelled by its schedule."


def explain(run: Run, *, outcome: str, line: int | None, now: datetime) -> bool:
    """Store a better outcome for a run that has ended, and the `line` of its log that shows it.

    Writes an event, but not if only the line has become known. False if nothing has changed.
    """
    if (outcome, line) == (run.outcome, run.outcome_line):
        return False
    where = f"Line {line} of the log says why the job failed" if line else "The log says why the job failed"
    with transaction.atomic():
        known = Run.objects.filter(pk=run.pk, state=run.state, outcome=run.outcome, outcome_line=run.outcome_line)
        if not known.update(outcome=outcome, outcome_line=line):
            return False
        if outcome != run.outcome:
            record(run, now=now, kind="outcome.explained", message=f"{where}: {outcome}")
    run.outcome, run.outcome_line = outcome, line
    return True


def set_columns(run: Run, *, lease: Lease[Run] | None = None, **columns: Any) -> bool:
    """Update `columns`. False if the run is no longer in the state it was read in, or `lease` is no longer held."""
    rows = lease.mine if lease else Run.objects.all()
    return compare_and_set(rows.filter(state=run.state), run, **columns)


def wait(run: Run, *, reason: str, now: datetime, lease: Lease[Run] | None = None, **columns: Any) -> bool:
    """Store what the run waits for. The event is written once per reason, not at each try."""
    since = run.waiting_since if run.waiting_for == reason else now
    is_news = run.waiting_for != reason
    with transaction.atomic():
        if not set_columns(run, lease=lease, waiting_for=reason, waiting_since=since, **columns):
            return False
        if is_news:
            record(run, now=now, kind="waiting", message=reason)
    return True


def record(run: Run, *, now: datetime, kind: str, message: str, actor: User | None = None) -> None:
    RunEvent.objects.create(run=run, at=now, kind=kind, message=message, actor=actor)
