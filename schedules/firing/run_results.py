"""How the runs of a schedule ended, counted: failures in a row pause it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from runs.models import Run
from runs.states import FAILURES, RunState
from schedules.models import Schedule, Slot


def settle(schedules: Collection[Schedule]) -> dict[int, list[Run]]:
    """Count, on these rows, the runs that ended since the last call; the caller stores `failures_in_a_row`.

    Returns the runs that are still active, oldest first, by primary key of their schedule. Two statements at most.
    """
    open_slots = _open_slots(schedules)
    active: dict[int, list[Run]] = defaultdict(list)
    ended: dict[int, list[Run]] = defaultdict(list)
    done = []
    for slot in open_slots:
        if slot.run is not None and slot.run.is_active:
            active[slot.schedule_id].append(slot.run)
            continue
        done.append(slot.pk)
        if slot.run is not None:
            ended[slot.schedule_id].append(slot.run)
    if done:
        Slot.objects.filter(pk__in=done).update(awaits_end=False)
    for schedule in schedules:
        for run in sorted(ended[schedule.pk], key=lambda run: (run.ended_at or run.created_at, run.pk)):
            _count(schedule, run)
    return active


def has_failed_too_often(schedule: Schedule) -> bool:
    return 0 < schedule.pause_after_failures <= schedule.failures_in_a_row


def _open_slots(schedules: Collection[Schedule]) -> list[Slot]:
    slots = Slot.objects.awaiting_end().filter(schedule__in=[schedule.pk for schedule in schedules])
    wanted = ("state", "outcome", "ended_at", "created_at", "name", "uuid", "project_id", "created_by_id")
    return list(
        slots.select_related("run").only("schedule_id", *(f"run__{name}" for name in wanted)).order_by("due_at", "pk")
    )


def _count(schedule: Schedule, run: Run) -> None:
    """A cancelled run counts neither as a failure nor as a success."""
    if run.state in FAILURES:
        schedule.failures_in_a_row += 1
        schedule.last_failure = run.outcome
    elif run.state == RunState.FINISHED:
        schedule.failures_in_a_row = 0
