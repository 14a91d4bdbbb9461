"""What firing minds of a restore from a backup: the database does not know what became of some due times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from runs.models import Restore, Run
from runs.restored.marks import last_restore
from runs.restored.waiting import look_at_site_first
from schedules.firing.decide import Decision, NewSlot
from schedules.states import Outcome

LOOKS_FIRST = (
    "It was due before these data were restored from a backup, so it may have run: Mantik looks for its job at the "
    "site before it sends anything."
)


def not_known(backup_of: datetime) -> str:
    """The reason of a slot of the time that the database has forgotten."""
    return f"Not known: restored from a backup of {backup_of.astimezone(UTC):%Y-%m-%d %H:%M} UTC."


def look_first(slots: Sequence[NewSlot], runs: Sequence[int], *, now: datetime) -> None:
    """Runs of due times before the last restore ask the site for their job before they are sent.

    `runs` are primary keys, in the order of `slots`. The database may have forgotten that it fired them: those after
    the backup, and those before it as well, if somebody caught them up.
    """
    if not slots or (restore := last_restore()) is None:
        return
    doubtful = [run for slot, run in zip(slots, runs, strict=True) if slot.due_at <= restore.at]
    if doubtful:
        look_at_site_first(Run.objects.filter(pk__in=doubtful), message=LOOKS_FIRST, now=now)


def say_what_is_not_known(decisions: Sequence[Decision]) -> None:
    """In memory. A schedule that was paused when the backup was made may have been resumed after that."""
    held = [(one.schedule, slot) for one in decisions for slot in one.slots if slot.outcome == Outcome.HELD]
    if not held or (restore := last_restore()) is None:
        return
    for schedule, slot in held:
        if not _is_forgotten(slot.due_at, restore):
            continue
        slot.outcome, slot.reason = Outcome.UNKNOWN, not_known(restore.backup_of)
        if schedule.last_due_at == slot.due_at:
            schedule.last_outcome, schedule.last_reason = slot.outcome, slot.reason


def _is_forgotten(due_at: datetime, restore: Restore) -> bool:
    return restore.backup_of < due_at <= restore.at
