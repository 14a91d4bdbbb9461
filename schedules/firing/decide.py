"""Decides what to do about one schedule that is due. Changes the row in memory and makes slots; stores nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from mantik.accounts.models import User
from mantik.lib.humanize import counted
from runs.models import Run
from runs.submission.create import Order
from schedules.cron import CronError, ZoneError, show
from schedules.firing.due import Judgement, Rules, Verdict, came_since, what_has_come
from schedules.firing.preconditions import Roles, owner_of, why_refused
from schedules.firing.run_results import has_failed_too_often
from schedules.firing.timing import Timing, fire_moment, run_uuid, stored_timing
from schedules.models import Schedule
from schedules.states import CatchUp, CodePolicy, Outcome, Overlap, ScheduleState

BY_OPERATOR = "An operator switched it off."


@dataclass(frozen=True)
class Situation:
    """What deciding needs from the database, read for many schedules at once.

    `roles`: by (person, project), as primary keys. By a schedule's primary key: `active`, its runs that have not ended,
    the oldest first; `fired`, the due times at which it fired. `fired` has only schedules with a limit of runs a day,
    and reaches back to the beginning of the local day of each due time that is decided about.
    """

    now: datetime
    roles: Roles
    active: Mapping[int, Sequence[Run]]
    fired: Mapping[int, Sequence[datetime]]


@dataclass(slots=True)
class NewSlot:
    """The columns of a slot to be stored. Making an instance of the model would take several times as long."""

    schedule_id: int
    due_at: datetime
    outcome: str
    reason: str
    recorded_at: datetime
    run_id: int | None = None
    asked_by_id: int | None = None
    awaits_end: bool = False


@dataclass
class Decision:
    """The outcome: `schedule` as it is to be stored, with new slots, and an order for the run of each that fired."""

    schedule: Schedule
    slots: list[NewSlot] = field(default_factory=list)
    orders: list[tuple[NewSlot, Order]] = field(default_factory=list)
    to_cancel: list[Run] = field(default_factory=list)
    # Sentences for the owner.
    news: list[str] = field(default_factory=list)
    has_new_state: bool = False


def decide(schedule: Schedule, situation: Situation) -> Decision:
    decision = Decision(schedule)
    try:
        timing = stored_timing(schedule)
    except (CronError, ZoneError) as error:
        pause_and_notify(decision, f"Its next due time can no longer be computed. {error.message}", situation.now)
        return decision
    if has_failed_too_often(schedule):
        pause_for_failures(decision, situation.now)
        return decision
    assert schedule.next_due_at is not None, "only enabled ones are claimed"
    judgement = what_has_come(rules_of(schedule, timing), next_due=schedule.next_due_at, now=situation.now)
    carry_out(decision, timing, judgement, situation)
    return decision


def carry_out(decision: Decision, timing: Timing, judgement: Judgement, situation: Situation) -> None:
    """Slots and runs for the due times that were judged, and when the schedule is due next."""
    _SlotWriter(decision, timing, situation).write(judgement.verdicts)
    _schedule_next(decision, judgement.next_due, situation.now)


def pass_over(decision: Decision, judgement: Judgement, *, now: datetime) -> None:
    """A slot for each due time, whose outcome is known already, and when the schedule is due next."""
    for verdict in judgement.verdicts:
        assert verdict.outcome
        _add_slot(decision, verdict.due, verdict.outcome, verdict.reason, now)
    _schedule_next(decision, judgement.next_due, now)


def rules_of(schedule: Schedule, timing: Timing) -> Rules:
    return Rules(
        uuid=schedule.uuid,
        timing=timing,
        overlap=Overlap(schedule.overlap),
        missed=CatchUp(schedule.missed),
        missed_cap=schedule.missed_cap,
        missed_grace=schedule.missed_grace,
        jitter_seconds=schedule.jitter_seconds,
    )


class _SlotWriter:
    """Writes a slot for each due time of one schedule, in order; whether it fires depends on rules and active runs."""

    def __init__(self, decision: Decision, timing: Timing, situation: Situation) -> None:
        self.decision, self.timing, self.situation = decision, timing, situation
        self.schedule = decision.schedule
        self.refusal = why_refused(self.schedule, roles=situation.roles, now=situation.now)
        self.fired_on = Counter(self._day(due) for due in situation.fired.get(self.schedule.pk, ()))

    def write(self, verdicts: Sequence[Verdict]) -> None:
        for verdict in verdicts:
            if verdict.outcome:
                self._add_slot_for(verdict, verdict.outcome, verdict.reason)
            elif self.refusal:
                self._refuse(verdict)
            elif reason := self._why_skipped(verdict):
                self._add_slot_for(verdict, Outcome.SKIPPED, reason)
            else:
                self._fire(verdict)

    def _why_skipped(self, verdict: Verdict) -> str:
        schedule, active = self.schedule, self.situation.active.get(self.schedule.pk, ())
        if schedule.overlap == Overlap.SKIP and active:
            return f"Skipped: its previous run, {active[-1].short_id}, was still active."
        most = schedule.most_runs_per_day
        if most is not None and self.fired_on[self._day(verdict.due)] >= most:
            return f"Skipped: this schedule starts at most {counted(most, 'run')} a day."
        return ""

    def _fire(self, verdict: Verdict) -> None:
        schedule = self.schedule
        reason = verdict.reason
        if schedule.overlap == Overlap.CANCEL and (active := self.situation.active.get(schedule.pk)):
            self.decision.to_cancel += active
            reason = f"{reason} Its previous run, {active[-1].short_id}, was still active and was cancelled."
        slot = self._add_slot_for(verdict, Outcome.FIRED, reason)
        slot.awaits_end = True
        self.fired_on[self._day(verdict.due)] += 1
        message = f"Started by the schedule {schedule.name}, due {show(verdict.due, self.timing.zone)}."
        self.decision.orders.append((slot, order_of(schedule, verdict.due, message)))

    def _refuse(self, verdict: Verdict) -> None:
        schedule = self.schedule
        is_news = (schedule.last_outcome, schedule.last_reason) != (Outcome.REFUSED, self.refusal)
        self._add_slot_for(verdict, Outcome.REFUSED, self.refusal)
        schedule.failures_in_a_row += 1
        if is_news:
            self.decision.news.append(f"{_named(schedule)} could not start its run. {self.refusal}")

    def _add_slot_for(self, verdict: Verdict, outcome: Outcome, reason: str) -> NewSlot:
        return _add_slot(self.decision, verdict.due, outcome, reason, self.situation.now)

    def _day(self, due: datetime) -> date:
        return due.astimezone(self.timing.zone).date()


def order_of(schedule: Schedule, due_at: datetime, message: str) -> Order:
    return Order(
        uuid=run_uuid(schedule.uuid, due_at),
        project=schedule.project,
        created_by=owner_of(schedule),
        name=schedule.name,
        recipe=schedule,
        message=message,
        commit_pending=schedule.code_policy == CodePolicy.NEWEST,
    )


def pause_and_notify(decision: Decision, reason: str, now: datetime) -> None:
    """Mantik itself pauses the schedule, and its owner gets a notice."""
    pause(decision, reason, now)
    decision.news.append(f"{_named(decision.schedule)} was paused. {reason}")


def pause(decision: Decision, reason: str, now: datetime, actor: User | None = None) -> None:
    """Hold what is due, and pause the schedule. `actor` None: Mantik itself, or an unknown operator."""
    hold_what_is_due(decision, reason, now)
    _disable(decision, ScheduleState.PAUSED, reason, now, actor)


def hold_what_is_due(decision: Decision, reason: str, now: datetime) -> None:
    """Add a held slot for each due time up to `now` that has none yet, even if its random delay is not over.

    So pausing a schedule, or changing a paused one, loses no due time. If there are more than MOST_DUE_TIMES, only the
    latest get a slot.
    """
    schedule = decision.schedule
    for due in _due_without_slot(schedule, now):
        _add_slot(decision, due, Outcome.HELD, reason, now)
    schedule.dealt_with_until = max(schedule.dealt_with_until, now)


def _due_without_slot(schedule: Schedule, now: datetime) -> Sequence[datetime]:
    """The due times up to `now` without a slot, at most the latest MOST_DUE_TIMES (`came_since`).

    Only the first of them, if the others can no longer be computed.
    """
    first = schedule.next_due_at
    since = first - timedelta.resolution if first else schedule.dealt_with_until
    try:
        timing = stored_timing(schedule)
    except (CronError, ZoneError):
        return [first] if first and first <= now else []
    return came_since(timing, since=since, now=now)


def set_aside(decision: Decision, reason: str, now: datetime) -> None:
    """Like `pause_and_notify`, but only the first due time gets a slot: computing the others may be what is broken.

    The others get their slots when the schedule is resumed.
    """
    first = decision.schedule.next_due_at
    if first and first <= now:
        _add_slot(decision, first, Outcome.HELD, reason, now)
    _disable(decision, ScheduleState.PAUSED, reason, now)
    decision.news.append(f"{_named(decision.schedule)} was paused. {reason}")


def _add_slot(decision: Decision, due: datetime, outcome: Outcome, reason: str, now: datetime) -> NewSlot:
    """Add a slot. Its due time is then dealt with, and the schedule remembers the slot as its latest."""
    schedule = decision.schedule
    slot = NewSlot(schedule.pk, due, outcome, reason, recorded_at=now)
    decision.slots.append(slot)
    schedule.dealt_with_until = schedule.last_due_at = due
    schedule.last_outcome, schedule.last_reason = outcome, reason
    return slot


def _named(schedule: Schedule) -> str:
    """The schedule and its project, because its owner may have schedules in several."""
    return f"The schedule {schedule.name} in {schedule.project.name}"


def _disable(decision: Decision, state: ScheduleState, reason: str, now: datetime, actor: User | None = None) -> None:
    """Pause or end the schedule, which then has no next due time."""
    schedule = decision.schedule
    schedule.set_state(state, reason=reason, actor=actor, now=now)
    schedule.next_due_at = schedule.next_fire_at = None
    decision.has_new_state = True


def _schedule_next(decision: Decision, next_due: datetime | None, now: datetime) -> None:
    """Set when the schedule is due next; pause it if it failed too often, end it if `next_due` is None."""
    schedule = decision.schedule
    schedule.next_due_at = next_due
    if has_failed_too_often(schedule):
        pause_for_failures(decision, now)
    elif next_due is None:
        _disable(decision, ScheduleState.ENDED, "There is no due time left before its end.", now)
    else:
        schedule.next_fire_at = fire_moment(schedule.uuid, next_due, schedule.jitter_seconds)


def pause_for_failures(decision: Decision, now: datetime) -> None:
    """Pause a schedule that failed too often in a row, and notify its owner."""
    times = counted(decision.schedule.failures_in_a_row, "time")
    last = decision.schedule.last_failure
    why = f" The last failure: {last.rstrip('.')}." if last else ""
    remedy = "Look at its last runs and slots, fix the cause, then resume it."
    pause_and_notify(decision, f"It failed {times} in a row.{why} {remedy}", now)
