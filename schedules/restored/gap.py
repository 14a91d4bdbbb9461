"""The gap: the time from the backup to the restore, of which the database knows nothing.

A schedule that was due in the gap gets a slot "Not known" for each of these due times, and continues with the next one
after now. No runs are made, because they may have run already. A paused schedule is left alone: when it is resumed,
`schedules/firing/after_restore.py` deals with its slots of the gap.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import InterfaceError, OperationalError, transaction

from mantik.lib.garbage import garbage_collected_later
from schedules.cron import CronError, ZoneError
from schedules.firing import engine
from schedules.firing.after_restore import not_known
from schedules.firing.decide import Decision, pass_over, pause_and_notify, rules_of
from schedules.firing.due import what_was_forgotten
from schedules.firing.timing import stored_timing
from schedules.models import Schedule
from schedules.querysets import ScheduleQuerySet

log = structlog.get_logger(__name__)


@dataclass
class Passed:
    """How many schedules that were due in the gap were moved on or paused as planned, how many slots they got, and how
    many more broke and were paused."""

    schedules: int = 0
    slots: int = 0
    set_aside: int = 0


def pass_over_gap(*, backup_of: datetime, now: datetime, dry_run: bool) -> Passed:
    """Move every schedule that is due on to its next due time after now, many of them in each transaction.

    Safe to repeat: a schedule that was moved on is no longer due. With `dry_run` nothing is stored.
    """
    passed = Passed()
    if dry_run:
        for schedules in _unlocked(now):
            _count(passed, [_decide(schedule, backup_of, now) for schedule in schedules])
        return passed
    while keys := list(Schedule.objects.due(now).values_list("pk", flat=True)[: engine.SCHEDULES_PER_TRANSACTION]):
        try:
            _count(passed, _store(keys, backup_of, now))
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("schedules_not_passed_over_together")
            _one_by_one(passed, keys, backup_of, now)
    return passed


def _one_by_one(passed: Passed, keys: Sequence[int], backup_of: datetime, now: datetime) -> None:
    for key in keys:
        try:
            _count(passed, _store([key], backup_of, now))
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("schedule_set_aside", schedule=key)
            passed.set_aside += engine.set_aside_broken(key, now=now)


def _store(keys: Collection[int], backup_of: datetime, now: datetime) -> Sequence[Decision]:
    with garbage_collected_later(), transaction.atomic():
        due = _due(now).filter(pk__in=keys).select_for_update(of=("self",), no_key=True)
        schedules = list(due)
        engine.load_for_decisions(schedules)
        decisions = [_decide(schedule, backup_of, now) for schedule in schedules]
        engine.store_and_tell(decisions, now=now)
    return decisions


def _decide(schedule: Schedule, backup_of: datetime, now: datetime) -> Decision:
    decision = Decision(schedule)
    try:
        timing = stored_timing(schedule)
    except (CronError, ZoneError) as error:
        pause_and_notify(decision, f"Its next due time can no longer be computed. {error.message}", now)
        return decision
    assert schedule.next_due_at is not None, "only enabled ones are due"
    why = not_known(backup_of)
    judgement = what_was_forgotten(rules_of(schedule, timing), next_due=schedule.next_due_at, why=why, now=now)
    pass_over(decision, judgement, now=now)
    return decision


def _unlocked(now: datetime) -> Iterator[list[Schedule]]:
    keys = list(Schedule.objects.due(now).values_list("pk", flat=True))
    for start in range(0, len(keys), engine.SCHEDULES_PER_TRANSACTION):
        schedules = list(_due(now).filter(pk__in=keys[start : start + engine.SCHEDULES_PER_TRANSACTION]))
        engine.load_for_decisions(schedules)
        yield schedules


def _due(now: datetime) -> ScheduleQuerySet:
    return Schedule.objects.due(now).for_firing()


def _count(passed: Passed, decisions: Sequence[Decision]) -> None:
    passed.schedules += len(decisions)
    passed.slots += sum(len(decision.slots) for decision in decisions)
