"""What firing does after a restore from a backup: the database has forgotten what became of some due times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mantik.lib.humanize import utc_minute
from runs.models import Restore, Run
from runs.restored.marks import last_restore
from runs.restored.unsent_runs import look_at_site_first
from schedules.firing.decide import Decision, NewSlot
from schedules.states import Outcome

LOOKS_FIRST = (
    "It was due before these data were restored from a backup, so it may have run: Mantik looks for its job at the "
    "site before it sends anything."
)


def not_known(backup_of: datetime) -> str:
    """The reason of a slot in the time that the database has forgotten."""
    return f"Not known: restored from a backup of {utc_minute(backup_of)}."


def look_for_jobs_before_sending(slots: Sequence[NewSlot], runs: Sequence[int], *, now: datetime) -> None:
    """Make runs of due times before the last restore look for their job at the site before they are sent.

    `runs` are primary keys, in the order of `slots`. The database may have forgotten that it fired these due times:
    those after the backup, and earlier ones that somebody caught up on after the backup.
    """
    if not slots or (restore := last_restore()) is None:
        return
    doubtful = [run for slot, run in zip(slots, runs, strict=True) if slot.due_at <= restore.at]
    if doubtful:
        look_at_site_first(Run.objects.filter(pk__in=doubtful), message=LOOKS_FIRST, now=now)


def mark_forgotten_slots(decisions: Sequence[Decision]) -> None:
    """Give held slots of the forgotten time the outcome "Not known", in memory.

    A schedule that was paused when the backup was made may have been resumed after that.
    """
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
