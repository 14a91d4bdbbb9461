"""Firing what is due: slots, runs and the next instants of many schedules in one transaction.

Who calls this, how often, and how many at once does not matter. A schedule is claimed by locking its row
(PostgreSQL: rows that somebody else has locked are passed over; SQLite: there is one writer at a time), and what was
due is recorded and moved on in the same transaction. So an instant is dealt with once or not yet, whatever dies. A slot
is unique besides. Messages are sent after the commit; what is lost of them, the sweep of submissions finds.

The number of statements does not depend on how many schedules are due: a burst is what this is for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from operator import attrgetter

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F

from connections.models import Connection
from mantik.accounts.models import User
from mantik.audit.services import record
from mantik.lib.bulk import insert_rows, load_shared, update_rows
from mantik.lib.garbage import collected_later
from mantik.notices.services import notify
from projects.models import CodeRepository, Project
from runs.services import NotAllowed, cancel_run
from runs.submission.create import hand_over_on_commit, store_runs
from schedules.firing.decide import Decision, Facts, decide, set_aside, stop
from schedules.firing.preconditions import owner_of, roles_for
from schedules.firing.run_results import settle
from schedules.models import Schedule, Slot
from schedules.operators import periodic_tasks
from schedules.states import ScheduleState

log = structlog.get_logger(__name__)

AT_ONCE = 500
# A day of 25 hours, and a zone that is a day ahead.
_LONGEST_DAY = timedelta(hours=50)
MOVED = (
    *("next_due_at", "next_fire_at", "dealt_with_until", "failures_in_a_row"),
    *("last_due_at", "last_outcome", "last_reason"),
)
SWITCHED = ("state", "state_reason", "state_changed_by_id", "state_changed_at")
_OF_SLOTS = (
    *("schedule_id", "due_at", "outcome", "reason", "run_id"),
    *("asked_by_id", "recorded_at", "awaits_end"),
)


def next_moment() -> datetime | None:
    """When the next schedule has to be acted upon; it may be past. One look at one index."""
    return Schedule.objects.enabled().order_by("next_fire_at").values_list("next_fire_at", flat=True).first()


def fire_due(*, now: datetime, limit: int = AT_ONCE, only: Collection[int] = ()) -> int:
    """Deal with up to `limit` schedules that are due, `only` with those by primary key if given; how many there were.

    One that cannot be dealt with is set aside, and its owner told. Raises DatabaseError if the database is not there.
    """
    try:
        return _fire(now=now, limit=limit, only=only)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("schedules_not_fired_together", only=list(only))
    return _fire_one_by_one(now=now, limit=limit, only=only)


def _fire_one_by_one(*, now: datetime, limit: int, only: Collection[int]) -> int:
    """Slowly: the others are not to wait for the one that is broken."""
    due = Schedule.objects.due(now)
    keys = list((due.filter(pk__in=only) if only else due).values_list("pk", flat=True)[:limit])
    for key in keys:
        try:
            _fire(now=now, limit=1, only=[key])
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("schedule_set_aside", schedule=key)
            _set_aside(key, now)
    return len(keys)


def _fire(*, now: datetime, limit: int, only: Collection[int]) -> int:
    with collected_later(), transaction.atomic():
        schedules = _claim(now=now, limit=limit, only=only)
        if not schedules:
            return 0
        switched_off = [schedule for schedule in schedules if not schedule.is_on_in_admin]  # type: ignore[attr-defined]
        facts = facts_for(schedules, now=now)
        decisions = [_apply_switch(one, now) if one in switched_off else decide(one, facts) for one in schedules]
        store(decisions, now=now)
    return len(schedules)


def _claim(*, now: datetime, limit: int, only: Collection[int]) -> Sequence[Schedule]:
    due = Schedule.objects.due(now).for_firing().select_for_update(skip_locked=True, of=("self",), no_key=True)
    due = due.filter(pk__in=only) if only else due
    schedules = list(due.annotate(is_on_in_admin=F("periodic_task__enabled"))[:limit])
    load_for_decisions(schedules)
    return schedules


def load_for_decisions(schedules: Sequence[Schedule]) -> None:
    """What decisions look at beside the rows themselves."""
    load_shared(
        schedules,
        project=Project.objects.all(),
        connection=Connection.objects.select_related("owner"),
        code_repository=CodeRepository.objects.all(),
        created_by=User.objects.all(),
    )


def facts_for(schedules: Collection[Schedule], *, now: datetime) -> Facts:
    """What decisions about these, whose rows are locked, need. Counts on them the runs that ended."""
    return Facts(now=now, active=settle(schedules), roles=roles_for(schedules), fired=_fired(schedules))


def _fired(schedules: Collection[Schedule]) -> dict[int, list[datetime]]:
    """When those that may fire so often a day have fired lately."""
    limited = [schedule for schedule in schedules if schedule.most_runs_per_day is not None]
    found: dict[int, list[datetime]] = defaultdict(list)
    if limited:
        since = min(schedule.dealt_with_until for schedule in limited) - _LONGEST_DAY
        slots = Slot.objects.fired().filter(schedule__in=[one.pk for one in limited], due_at__gte=since, asked_by=None)
        for schedule, due_at in slots.values_list("schedule", "due_at"):
            found[schedule].append(due_at)
    return found


def _apply_switch(schedule: Schedule, now: datetime) -> Decision:
    """It was switched off in the admin, past the signal that would have told us."""
    decision = Decision(schedule)
    stop(decision, "An operator switched it off.", now)
    return decision


def store(decisions: Sequence[Decision], *, now: datetime) -> None:
    """Slots, runs and the schedules as they are to be, in the current transaction."""
    ordered = [pair for decision in decisions for pair in decision.orders]
    runs = store_runs([order for _, order in ordered], verb="run.scheduled", actor=None, now=now)
    for (slot, _), run in zip(ordered, runs, strict=True):
        slot.run_id = run
    keep(decisions)
    periodic_tasks.count([one.schedule for one in decisions if one.orders], now=now)
    for decision in decisions:
        _tell(decision, now)
    hand_over_on_commit(runs)


def keep(decisions: Sequence[Decision]) -> None:
    """Slots and schedules only, in the current transaction."""
    slots = [slot for decision in decisions for slot in decision.slots]
    insert_rows(Slot, list(map(attrgetter(*_OF_SLOTS), slots)), columns=_OF_SLOTS)
    update_rows([one.schedule for one in decisions if not one.is_switched], columns=MOVED)
    switched = [one.schedule for one in decisions if one.is_switched]
    update_rows(switched, columns=(*MOVED, *SWITCHED))
    periodic_tasks.switch(switched)


def _tell(decision: Decision, now: datetime) -> None:
    """The rare things, one by one."""
    schedule = decision.schedule
    for run in decision.to_cancel:
        with suppress(NotAllowed):  # it is over meanwhile
            cancel_run(run=run, user=owner_of(schedule), now=now)
    if decision.is_switched and not schedule.is_enabled:
        verb = "schedule.ended" if schedule.state == ScheduleState.ENDED else "schedule.paused"
        after = {"reason": schedule.state_reason}
        record(verb, actor=None, target=schedule, project=schedule.project, after=after)
    for text in decision.news:
        notify(user=owner_of(schedule), text=text, url=schedule.get_absolute_url())


def _set_aside(key: int, now: datetime) -> None:
    """A defect of ours, or a row that nobody foresaw: it must not be tried again at every tick."""
    reason = "Mantik could not deal with it, which is a mistake of Mantik's and is logged. Tell an operator."
    with transaction.atomic():
        schedule = Schedule.objects.select_for_update().filter(pk=key).enabled().first()
        if schedule is None:
            return
        decision = Decision(schedule)
        set_aside(decision, reason, now)
        decision.slots = [one for one in decision.slots if not schedule.slots.filter(due_at=one.due_at).exists()]
        keep([decision])
        _tell(decision, now)
