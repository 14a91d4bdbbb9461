"""Sweeps that complement firing: for runs that ended, and for schedules that operators switched in the admin."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Q

from mantik.accounts.models import User
from runs.services import NotAllowed
from runs.states import TERMINAL
from schedules.cron import CronError, ZoneError
from schedules.firing.decide import BY_OPERATOR, Decision, pause_for_failures
from schedules.firing.engine import load_for_decisions, store_and_tell
from schedules.firing.run_results import has_failed_too_often, settle
from schedules.models import Schedule, Slot
from schedules.operators import periodic_tasks
from schedules.services.running import resume_schedule
from schedules.services.schedules import pause_schedule

log = structlog.get_logger(__name__)

SCHEDULES_PER_TURN = 200
HAS_ENDED = "It has ended. To enable it again, set a later end date in its project."


def count_ends(*, now: datetime) -> int:
    """Count how runs ended and pause schedules that failed too often, as firing does; returns how many it looked at."""
    over = Slot.objects.awaiting_end().filter(Q(run=None) | Q(run__state__in=TERMINAL))
    keys = list(over.order_by("schedule").values_list("schedule", flat=True).distinct()[:SCHEDULES_PER_TURN])
    if not keys:
        return 0
    with transaction.atomic():
        locked = Schedule.objects.filter(pk__in=keys).order_by("pk").select_for_update(skip_locked=True, of=("self",))
        schedules = list(locked)
        load_for_decisions(schedules)
        settle(schedules)
        decisions = [Decision(schedule) for schedule in schedules]
        for decision in decisions:
            if decision.schedule.is_enabled and has_failed_too_often(decision.schedule):
                pause_for_failures(decision, now)
        store_and_tell(decisions, now=now)
    return len(schedules)


def apply_switches(*, now: datetime) -> int:
    """Apply switches that were made in the admin without a signal; returns how many there were."""
    found = list(Schedule.objects.out_of_step().order_by("pk")[:SCHEDULES_PER_TURN])
    for schedule in found:
        follow_switch(schedule, is_on=not schedule.is_enabled, now=now)
    return len(found)


def follow_switch(schedule: Schedule, *, is_on: bool, now: datetime, actor: User | None = None) -> str:
    """Pause or resume a schedule whose PeriodicTask was switched by `actor` (None: an unknown operator).

    If it cannot be resumed, its PeriodicTask is switched off again. Returns why it was not resumed, "" otherwise.
    """
    if not is_on:
        pause_schedule(schedule=schedule, actor=actor, reason=BY_OPERATOR, now=now)
        return ""
    why_not = ""
    try:
        if not resume_schedule(schedule=schedule, actor=actor, now=now):
            why_not = HAS_ENDED
    except (NotAllowed, CronError, ZoneError) as reason:
        why_not = str(reason)
        log.warning("schedule_not_resumed", schedule=str(schedule.uuid), reason=why_not)
    stored = Schedule.objects.filter(pk=schedule.pk).first()
    if stored is None:
        return ""
    periodic_tasks.switch([stored])
    return "" if stored.is_enabled else why_not
