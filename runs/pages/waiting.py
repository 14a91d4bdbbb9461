"""What an active run waits for: said by whoever tried last, or by the fact that nobody has tried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from runs.models import RegisteredModel, Run
from runs.states import AT_SITE, BEFORE_START

# Sweeps come every few seconds. Who has not come for so long is not on the way.
UNATTENDED = timedelta(seconds=30)
UNASKED = timedelta(minutes=3)
OPERATORS = "If this goes on, ask an operator whether Mantik's workers and its clock are running."


@dataclass(frozen=True)
class Waiting:
    """One or two sentences, and since when."""

    reason: str
    since: datetime | None


def waiting(run: Run, *, now: datetime) -> Waiting | None:
    """None for a run that is over, or simply on its way."""
    if run.is_terminal:
        return None
    return _unattended(run, now) or (Waiting(run.waiting_for, run.waiting_since) if run.waiting_for else None)


def unattended(row: Run | RegisteredModel, noun: str, *, now: datetime) -> Waiting | None:
    """It is due and in no worker's hands for a while already; `noun` is what members call it."""
    due = max(filter(None, (row.next_attempt_at, row.lease_until)), default=None)
    if due is None or now - due < UNATTENDED:
        return None
    told = f"No worker has come back to this {noun}." if row.attempts else f"No worker has taken this {noun} up yet."
    return Waiting(f"{told} {OPERATORS}", due)


def _unattended(run: Run, now: datetime) -> Waiting | None:
    """Work is due and nobody does it."""
    if run.state in BEFORE_START:
        return unattended(run, "run", now=now)
    if run.state in AT_SITE and run.next_poll_at is not None and now - run.next_poll_at >= UNASKED:
        return Waiting(f"Nobody has asked {run.site_name} about the job for a while. {OPERATORS}", run.next_poll_at)
    return None
