"""What becomes of one schedule that is due. Changes the row in memory and makes slots; stores nothing."""

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
from schedules.firing.due import DueTimes, Rules, Verdict, came_since, what_has_come
from schedules.firing.preconditions import Roles, owner_of, why_refused
from schedules.firing.run_results import has_failed_too_often
from schedules.firing.timing import Timing, fire_moment, timing_of
from schedules.models import Schedule, Slot
from schedules.states import CatchUp, CodePolicy, Outcome, Overlap, ScheduleState


@dataclass(frozen=True)
class Facts:
    """What decisions need to know of the database, read for many schedules at once. By primary keys of schedules."""

    now: datetime
    roles: Roles
    active: Mapping[int, Sequence[Run]]
    # When it fired, as far back as a day may reach.
    fired: Mapping[int, Sequence[datetime]]


@dataclass
class Decision:
    """`schedule` as it is to be stored. `orders` has the run of each slot that fired."""

    schedule: Schedule
    slots: list[Slot] = field(default_factory=list)
    orders: list[tuple[Slot, Order]] = field(default_factory=list)
    to_cancel: list[Run] = field(default_factory=list)
    # Sentences for the owner.
    news: list[str] = field(default_factory=list)
    # It is in another state than it was.
    is_switched: bool = False


def decide(schedule: Schedule, facts: Facts) -> Decision:
    decision = Decision(schedule)
    try:
        timing = timing_of(
            cron_expression=schedule.cron_expression, time_zone=schedule.time_zone, end_date=schedule.end_date
        )
    except (CronError, ZoneError) as error:
        stop(decision, f"It cannot be told any more when it is due. {error.message}", facts.now)
        return decision
    if has_failed_too_often(schedule):
        stop_after_failures(decision, facts.now)
        return decision
    assert schedule.next_due_at is not None, "only enabled ones are claimed"
    come = what_has_come(rules_of(schedule, timing), next_due=schedule.next_due_at, now=facts.now)
    carry_out(decision, timing, come, facts)
    return decision


def carry_out(decision: Decision, timing: Timing, come: DueTimes, facts: Facts) -> None:
    """Slots and runs for what has come, and when the schedule is due next."""
    _SlotWriter(decision, timing, facts).write(come.verdicts)
    _go_on(decision, come.next_due, facts.now)


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
    """A slot for each instant of one schedule, one after the other, with what the rules and the runs make of it."""

    def __init__(self, decision: Decision, timing: Timing, facts: Facts) -> None:
        self.decision, self.timing, self.facts = decision, timing, facts
        self.schedule = decision.schedule
        self.refusal = why_refused(self.schedule, roles=facts.roles, now=facts.now)
        self.fired_on = Counter(self._day(due) for due in facts.fired.get(self.schedule.pk, ()))

    def write(self, verdicts: Sequence[Verdict]) -> None:
        for verdict in verdicts:
            if verdict.outcome:
                self._note(verdict, verdict.outcome, verdict.reason)
            elif self.refusal:
                self._refuse(verdict)
            elif reason := self._why_skipped(verdict):
                self._note(verdict, Outcome.SKIPPED, reason)
            else:
                self._fire(verdict)

    def _why_skipped(self, verdict: Verdict) -> str:
        schedule, active = self.schedule, self.facts.active.get(self.schedule.pk, ())
        if schedule.overlap == Overlap.SKIP and active:
            return f"Skipped: the run {active[-1].short_id}, which it had started before, was still active."
        most = schedule.most_runs_per_day
        if most is not None and self.fired_on[self._day(verdict.due)] >= most:
            return f"Skipped: {counted(most, 'run')} on this day is the most that this schedule starts."
        return ""

    def _fire(self, verdict: Verdict) -> None:
        schedule = self.schedule
        reason = verdict.reason
        if schedule.overlap == Overlap.CANCEL and (active := self.facts.active.get(schedule.pk)):
            self.decision.to_cancel += active
            reason = f"{reason} The run {active[-1].short_id}, which was still active, was cancelled."
        slot = self._note(verdict, Outcome.FIRED, reason)
        slot.awaits_end = True
        self.fired_on[self._day(verdict.due)] += 1
        message = f"Started by the schedule {schedule.name}, due {show(verdict.due, self.timing.zone)}."
        self.decision.orders.append((slot, order_of(schedule, message)))

    def _refuse(self, verdict: Verdict) -> None:
        schedule = self.schedule
        is_news = (schedule.last_outcome, schedule.last_reason) != (Outcome.REFUSED, self.refusal)
        self._note(verdict, Outcome.REFUSED, self.refusal)
        schedule.failures_in_a_row += 1
        if is_news:
            self.decision.news.append(f"{_named(schedule)} could not start its run. {self.refusal}")

    def _note(self, verdict: Verdict, outcome: Outcome, reason: str) -> Slot:
        return _note(self.decision, verdict.due, outcome, reason, self.facts.now)

    def _day(self, due: datetime) -> date:
        return due.astimezone(self.timing.zone).date()


def order_of(schedule: Schedule, message: str) -> Order:
    return Order(
        project=schedule.project,
        created_by=owner_of(schedule),
        name=schedule.name,
        recipe=schedule,
        message=message,
        commit_pending=schedule.code_policy == CodePolicy.NEWEST,
    )


def stop(decision: Decision, reason: str, now: datetime) -> None:
    """Mantik itself pauses the schedule; its owner is told."""
    pause(decision, reason, now)
    decision.news.append(f"{_named(decision.schedule)} was paused. {reason}")


def pause(decision: Decision, reason: str, now: datetime, actor: User | None = None) -> None:
    """`actor` None: Mantik itself, or an operator whom nobody knows."""
    hold(decision, reason, now)
    _leave(decision, ScheduleState.PAUSED, reason, now, actor)


def hold(decision: Decision, reason: str, now: datetime) -> None:
    """A slot for each instant up to `now` of which nothing has become, also if its random delay is not over.

    So who stops a schedule, or changes a paused one, leaves no hole in the ledger.
    """
    schedule = decision.schedule
    for due in _open(schedule, now):
        _note(decision, due, Outcome.HELD, reason, now)
    schedule.dealt_with_until = max(schedule.dealt_with_until, now)


def _open(schedule: Schedule, now: datetime) -> Sequence[datetime]:
    """The instants up to `now` that nobody has dealt with. Of times that cannot be told any more the first is known."""
    first = schedule.next_due_at
    since = first - timedelta.resolution if first else schedule.dealt_with_until
    try:
        timing = timing_of(
            cron_expression=schedule.cron_expression, time_zone=schedule.time_zone, end_date=schedule.end_date
        )
    except (CronError, ZoneError):
        return [first] if first and first <= now else []
    return came_since(timing, since=since, now=now)


def set_aside(decision: Decision, reason: str, now: datetime) -> None:
    """As `stop`, with a slot for the first instant only: more would have to be computed, which may be what is broken.

    The others get theirs when it is resumed.
    """
    first = decision.schedule.next_due_at
    if first and first <= now:
        _note(decision, first, Outcome.HELD, reason, now)
    _leave(decision, ScheduleState.PAUSED, reason, now)
    decision.news.append(f"{_named(decision.schedule)} was paused. {reason}")


def _note(decision: Decision, due: datetime, outcome: Outcome, reason: str, now: datetime) -> Slot:
    schedule = decision.schedule
    slot = Slot(schedule_id=schedule.pk, due_at=due, outcome=outcome, reason=reason, recorded_at=now)
    decision.slots.append(slot)
    schedule.dealt_with_until = schedule.last_due_at = due
    schedule.last_outcome, schedule.last_reason = outcome, reason
    return slot


def _named(schedule: Schedule) -> str:
    """For somebody who may have schedules in several projects."""
    return f"The schedule {schedule.name} in {schedule.project.name}"


def _leave(decision: Decision, state: ScheduleState, reason: str, now: datetime, actor: User | None = None) -> None:
    schedule = decision.schedule
    schedule.state, schedule.state_reason = state, reason
    schedule.state_changed_by, schedule.state_changed_at = actor, now
    schedule.next_due_at = schedule.next_fire_at = None
    decision.is_switched = True


def _go_on(decision: Decision, next_due: datetime | None, now: datetime) -> None:
    schedule = decision.schedule
    schedule.next_due_at = next_due
    if has_failed_too_often(schedule):
        stop_after_failures(decision, now)
    elif next_due is None:
        _leave(decision, ScheduleState.ENDED, "There is no instant left before its end.", now)
    else:
        schedule.next_fire_at = fire_moment(schedule.uuid, next_due, schedule.jitter_seconds)


def stop_after_failures(decision: Decision, now: datetime) -> None:
    """It has failed as often as it may."""
    times = counted(decision.schedule.failures_in_a_row, "time")
    last = decision.schedule.last_failure
    why = f" The last of its runs says: {last.rstrip('.')}." if last else ""
    remedy = "Look at its last runs and slots, mend the cause, and resume it."
    stop(decision, f"It failed {times} in a row.{why} {remedy}", now)
