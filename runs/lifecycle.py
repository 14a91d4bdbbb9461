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


class IllegalMove(Exception):
    """A caller asked for a move that the table of moves does not have. A defect of ours."""


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

    With `lease` the move also needs that lease to be still held. `run` is brought up to date on success and
    left alone otherwise. The event of a cancelled run names who asked for it.
    """
    if to not in MOVES[run.run_state]:
        raise IllegalMove(f"{run.state} -> {to}")
    values = {"state": to, "waiting_for": "", "waiting_since": None, **columns}
    if to.is_terminal:
        values.setdefault("outcome", message)
        values |= {"ended_at": now, "next_attempt_at": None, **NO_LEASE}
    actor = run.cancel_requested_by if to == RunState.CANCELLED else None
    with transaction.atomic():
        if not set_columns(run, lease=lease, **values):
            return False
        record(run, now=now, kind=f"state.{to.lower()}", message=message, actor=actor)
    return True


def cancelled_message(run: Run) -> str:
    """What a run that ended because somebody wished it says of them; "" if nobody did."""
    if run.cancel_requested_at is None:
        return ""
    by = run.cancel_requested_by
    return f"Cancelled by {by.display_name}." if by else "Cancelled."


def explain(run: Run, *, outcome: str, line: int | None, now: datetime) -> bool:
    """Say better why a run that is over ended so: `line` of its log shows it. False if that was said already."""
    if (outcome, line) == (run.outcome, run.outcome_line):
        return False
    where = f"Line {line} of its log says why" if line else "Its log says why"
    with transaction.atomic():
        known = Run.objects.filter(pk=run.pk, state=run.state, outcome=run.outcome, outcome_line=run.outcome_line)
        if not known.update(outcome=outcome, outcome_line=line):
            return False
        record(run, now=now, kind="outcome.explained", message=f"{where}: {outcome}")
    run.outcome, run.outcome_line = outcome, line
    return True


def set_columns(run: Run, *, lease: Lease[Run] | None = None, **columns: Any) -> bool:
    """Update `columns` if the run is still in the state it was read in (and `lease` is still held)."""
    rows = lease.mine if lease else Run.objects.all()
    return compare_and_set(rows.filter(state=run.state), run, **columns)


def wait(run: Run, *, reason: str, now: datetime, lease: Lease[Run] | None = None, **columns: Any) -> bool:
    """Say for what the run waits. The event is written once per reason, not once per try."""
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
