"""Fires what is due: slots, runs and the next due times of many schedules in one transaction.

Any number of processes may call this, at any time. A schedule is claimed by locking its row (PostgreSQL: locked rows
are passed over; SQLite: there is one writer at a time), and its slots and its next due time are stored in the same
transaction. So a due time is dealt with once or not yet, whatever dies; a unique constraint on slots makes sure.
Messages are sent after the commit; a run whose message is lost is found by the sweep of submissions.

The number of statements does not depend on how many schedules are due, so a burst costs little more than one of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from operator import attrgetter

import structlog
from django.db import InterfaceError, OperationalError, transaction

from connections.models import Connection
from mantik.accounts.models import User
from mantik.audit.services import record
from mantik.lib.bulk import insert_rows, load_shared, update_rows
from mantik.lib.garbage import garbage_collected_later
from mantik.notices.services import notify
from projects.models import CodeRepository, Project
from runs.services import NotAllowed, cancel_for_schedule
from runs.submission.create import send_to_workers_on_commit, store_runs
from schedules.firing.after_restore import look_for_jobs_before_sending, mark_forgotten_slots
from schedules.firing.ahead import ReadAhead, row_version
from schedules.firing.decide import BY_OPERATOR, Decision, Situation, decide, pause_and_notify, set_aside
from schedules.firing.preconditions import owner_of, roles_for
from schedules.firing.run_results import settle
from schedules.models import Schedule, Slot
from schedules.operators import periodic_tasks
from schedules.querysets import ScheduleQuerySet
from schedules.states import ScheduleState

log = structlog.get_logger(__name__)

SCHEDULES_PER_TRANSACTION = 500
# A limit of runs a day counts the due times of one local day. A day lasts 25 hours when the clocks are put back by one
# hour; looking back twice as far leaves a margin.
_LOOK_BACK = timedelta(hours=50)
# The columns of a schedule that every decision stores, and those that are stored as well if its state has changed. A
# caller that holds an instance while the engine stores its row refreshes them afterwards (`_end_delay` in
# schedules/services/schedules.py).
DECISION_COLUMNS = (
    "next_due_at",
    "next_fire_at",
    "dealt_with_until",
    "failures_in_a_row",
    "last_due_at",
    "last_outcome",
    "last_reason",
)
STATE_COLUMNS = ("state", "state_reason", "state_changed_by_id", "state_changed_at")
_OF_SLOTS = (
    "schedule_id",
    "due_at",
    "outcome",
    "reason",
    "run_id",
    "asked_by_id",
    "recorded_at",
    "awaits_end",
)


def next_moment() -> datetime | None:
    """When the next schedule is due, which may be in the past. Costs one look at one index."""
    return Schedule.objects.enabled().order_by("next_fire_at").values_list("next_fire_at", flat=True).first()


def fire_due(
    *,
    now: datetime,
    limit: int = SCHEDULES_PER_TRANSACTION,
    only: Collection[int] | None = None,
    ahead: ReadAhead | None = None,
    to_note: list[int] | None = None,
) -> int:
    """Deal with up to `limit` schedules that are due; returns how many this call dealt with.

    `only`: the primary keys to look at; None: all schedules. `ahead` has what was read before they were due. `to_note`
    gets the keys of the PeriodicTasks of what has fired, for a caller who then calls `periodic_tasks.note_fired`;
    without it, this call notes them. A schedule that fails is set aside, and its owner is notified.
    Raises DatabaseError or InterfaceError if the database does not answer.
    """
    try:
        return _fire(now=now, limit=limit, only=only, ahead=ahead or ReadAhead(), to_note=to_note)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("schedules_not_fired_together", only=None if only is None else list(only))
    return _fire_one_by_one(now=now, limit=limit, only=only)


def _fire_one_by_one(*, now: datetime, limit: int, only: Collection[int] | None) -> int:
    """Like `_fire`, but each schedule in its own transaction, so that one that is broken does not stop the others."""
    count = 0
    for key in list(_due(now, only).values_list("pk", flat=True)[:limit]):
        try:
            count += _fire(now=now, limit=1, only=[key], ahead=ReadAhead())
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("schedule_set_aside", schedule=key)
            count += set_aside_broken(key, now=now)
    return count


def _due(now: datetime, only: Collection[int] | None) -> ScheduleQuerySet:
    due = Schedule.objects.due(now)
    return due if only is None else due.filter(pk__in=only)


def _fire(
    *,
    now: datetime,
    limit: int,
    only: Collection[int] | None,
    ahead: ReadAhead,
    to_note: list[int] | None = None,
) -> int:
    with garbage_collected_later(), transaction.atomic():
        schedules, switched_off = _claim(now=now, limit=limit, only=only, ahead=ahead)
        if not schedules:
            return 0
        situation = settle_and_survey(schedules, now=now)
        decisions = [
            _pause_switched_off(schedule, now) if schedule.pk in switched_off else decide(schedule, situation)
            for schedule in schedules
        ]
        store_and_tell(decisions, now=now, to_note=to_note)
    return len(schedules)


def _claim(
    *, now: datetime, limit: int, only: Collection[int] | None, ahead: ReadAhead
) -> tuple[Sequence[Schedule], Collection[int]]:
    """Schedules that are due, locked; and the primary keys of those that are switched off in the admin."""
    due = _due(now, only).select_for_update(skip_locked=True, of=("self",), no_key=True)
    claimed = list(due.values_list("pk", row_version(), "periodic_task__enabled")[:limit])
    known = {key: ahead.take(key, version) for key, version, _ in claimed}
    others = Schedule.objects.for_firing().in_bulk([key for key, schedule in known.items() if schedule is None])
    schedules = [schedule or others[key] for key, schedule in known.items()]
    load_for_decisions(schedules)
    return schedules, {key for key, _, is_on in claimed if not is_on}


def load_for_decisions(schedules: Sequence[Schedule]) -> None:
    """Load the related rows that decisions look at."""
    load_shared(
        schedules,
        project=Project.objects.all(),
        connection=Connection.objects.select_related("owner"),
        code_repository=CodeRepository.objects.all(),
        created_by=User.objects.all(),
    )


def settle_and_survey(schedules: Collection[Schedule], *, now: datetime) -> Situation:
    """Count, on these rows, how their runs ended, and read what deciding about them needs.

    They have to be locked; the caller stores them.
    """
    return Situation(now=now, active=settle(schedules), roles=roles_for(schedules), fired=_fired(schedules))


def _fired(schedules: Collection[Schedule]) -> dict[int, list[datetime]]:
    """When the schedules with a limit of runs a day have fired lately."""
    limited = [schedule for schedule in schedules if schedule.most_runs_per_day is not None]
    found: dict[int, list[datetime]] = defaultdict(list)
    if limited:
        since = min(schedule.dealt_with_until for schedule in limited) - _LOOK_BACK
        # A run that somebody asked for by Run now does not count.
        slots = Slot.objects.fired().filter(schedule__in=[one.pk for one in limited], due_at__gte=since, asked_by=None)
        for schedule, due_at in slots.values_list("schedule", "due_at"):
            found[schedule].append(due_at)
    return found


def _pause_switched_off(schedule: Schedule, now: datetime) -> Decision:
    """Its PeriodicTask was disabled by SQL or queryset.update(), which sends no signal."""
    decision = Decision(schedule)
    pause_and_notify(decision, BY_OPERATOR, now)
    return decision


def store_and_tell(decisions: Sequence[Decision], *, now: datetime, to_note: list[int] | None = None) -> None:
    """Store runs, slots and schedules in the current transaction, and tell owners, the audit and, after it, workers.

    `to_note`: as in `fire_due`.
    """
    ordered = [pair for decision in decisions for pair in decision.orders]
    runs = store_runs([order for _, order in ordered], verb="run.scheduled", actor=None, now=now)
    for (slot, _), run in zip(ordered, runs, strict=True):
        slot.run_id = run
    # After a restore from a backup, runs that the database may have forgotten first look for their job at the site.
    look_for_jobs_before_sending([slot for slot, _ in ordered], runs, now=now)
    store_slots(decisions)
    _note_fired([one.schedule.periodic_task_id for one in decisions if one.orders], now, to_note)
    for decision in decisions:
        _cancel_runs(decision, now)
        _tell(decision)
    send_to_workers_on_commit(runs)


def _note_fired(keys: Sequence[int], now: datetime, to_note: list[int] | None) -> None:
    if to_note is None:
        periodic_tasks.note_fired(keys, now=now)
    else:
        transaction.on_commit(lambda: to_note.extend(keys))


def store_slots(decisions: Sequence[Decision]) -> None:
    """Store the new slots and their schedules, but no runs; the caller tells whoever has to know of it."""
    # Before the slots are inserted: after a restore, some of those that were held become "not known".
    mark_forgotten_slots(decisions)
    slots = [slot for decision in decisions for slot in decision.slots]
    insert_rows(Slot, list(map(attrgetter(*_OF_SLOTS), slots)), columns=_OF_SLOTS)
    update_rows([one.schedule for one in decisions if not one.has_new_state], columns=DECISION_COLUMNS)
    with_new_state = [one.schedule for one in decisions if one.has_new_state]
    update_rows(with_new_state, columns=(*DECISION_COLUMNS, *STATE_COLUMNS))
    periodic_tasks.switch(with_new_state)


def _cancel_runs(decision: Decision, now: datetime) -> None:
    """This is rare, so one by one will do."""
    for run in decision.to_cancel:
        with suppress(NotAllowed):  # it has ended meanwhile
            cancel_for_schedule(run=run, schedule=decision.schedule.name, now=now)


def _tell(decision: Decision) -> None:
    """Record audit events and notify the owner. This is rare, so one by one will do."""
    schedule = decision.schedule
    if decision.has_new_state and not schedule.is_enabled:
        verb = "schedule.ended" if schedule.state == ScheduleState.ENDED else "schedule.paused"
        after = {"reason": schedule.state_reason}
        record(verb, actor=None, target=schedule, project=schedule.project, after=after)
    for text in decision.news:
        notify(user=owner_of(schedule), text=text, url=schedule.get_absolute_url())


def set_aside_broken(key: int, *, now: datetime) -> bool:
    """Pause a schedule on which our code failed, so that it is not tried again at every tick.

    False if it is no longer due: another process has dealt with it meanwhile.
    """
    reason = "A fault in Mantik kept this schedule from running; it is logged. Tell an operator."
    with transaction.atomic():
        schedule = Schedule.objects.due(now).select_for_update().filter(pk=key).first()
        if schedule is None:
            return False
        decision = Decision(schedule)
        set_aside(decision, reason, now)
        # The failure may have been a slot that exists already, for instance after `next_due_at` was set back by SQL.
        decision.slots = [one for one in decision.slots if not schedule.slots.filter(due_at=one.due_at).exists()]
        store_slots([decision])
        _tell(decision)
    return True
