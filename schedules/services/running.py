"""Having a schedule go on, or run at once: what a person does by hand that makes runs."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from mantik.accounts.models import User
from mantik.audit.services import record
from runs.models import Run
from runs.services import NotAllowed
from schedules.firing.decide import Decision, Facts, carry_out, order_of, rules_of
from schedules.firing.due import what_was_held
from schedules.firing.engine import facts_for, load_for_decisions, store
from schedules.firing.preconditions import why_refused
from schedules.firing.timing import timing_of
from schedules.models import Schedule, Slot
from schedules.states import CatchUp, Outcome, Overlap, ScheduleState


def resume_schedule(*, schedule: Schedule, actor: User | None, catch_up: CatchUp = CatchUp.SKIP, now: datetime) -> bool:
    """Go on after a pause; `catch_up` says what becomes of the instants that came meanwhile. Others are held.

    False if it was not paused any more. `actor` None: an operator, in the admin. Raises NotAllowed if it could not go
    on, and CronError or ZoneError if its times are not taken any more.
    """
    with transaction.atomic():
        stored = _locked(schedule)
        if stored is None or not stored.is_paused:
            return False
        facts = facts_for([stored], now=now)
        if refusal := why_refused(stored, roles=facts.roles, now=now):
            raise NotAllowed(refusal)
        timing = timing_of(cron_expression=stored.cron_expression, time_zone=stored.time_zone, end_date=stored.end_date)
        stored.state, stored.state_reason = ScheduleState.ENABLED, ""
        stored.state_changed_by, stored.state_changed_at = actor, now
        stored.failures_in_a_row = 0
        since, rules = stored.dealt_with_until, rules_of(stored, timing)
        decision = Decision(stored, is_switched=True)
        carry_out(decision, timing, what_was_held(rules, since=since, catch_up=catch_up, now=now), facts)
        after = {"missed instants": catch_up.label}
        record("schedule.resumed", actor=actor, target=stored, project=stored.project, after=after)
        store([decision], now=now)
    schedule.refresh_from_db()
    return True


def run_now(*, schedule: Schedule, actor: User, now: datetime) -> Run:
    """One run more, at once, whether it is paused or not; the instants to come stay as they are.

    It has a slot of its own. Raises NotAllowed if it may not run or is deleted, or if runs must not overlap and
    one is active.
    """
    with transaction.atomic():
        stored = _locked(schedule)
        if stored is None:
            raise NotAllowed("Somebody has just deleted the schedule.")
        facts = facts_for([stored], now=now)
        decision = Decision(stored)
        _check_now(decision, facts)
        # No instant of the clock's has a fraction of a second.
        due_at = now.replace(microsecond=max(1, now.microsecond))
        reason = f"{actor.display_name} pressed Run now."
        slot = Slot(schedule=stored, due_at=due_at, outcome=Outcome.FIRED, reason=reason, recorded_at=now)
        slot.asked_by, slot.awaits_end = actor, True
        order = order_of(stored, f"{actor.display_name} pressed Run now for the schedule {stored.name}.")
        decision.slots.append(slot)
        decision.orders.append((slot, order))
        stored.last_due_at, stored.last_outcome, stored.last_reason = due_at, Outcome.FIRED, reason
        record("schedule.run_now", actor=actor, target=stored, project=stored.project)
        store([decision], now=now)
    schedule.refresh_from_db()
    return Run.objects.get(slot__schedule=schedule, slot__due_at=due_at)


def _locked(schedule: Schedule) -> Schedule | None:
    """None if somebody has deleted it."""
    stored = Schedule.objects.select_for_update().filter(pk=schedule.pk).first()
    if stored is None:
        return None
    load_for_decisions([stored])
    return stored


def _check_now(decision: Decision, facts: Facts) -> None:
    stored = decision.schedule
    if refusal := why_refused(stored, roles=facts.roles, now=facts.now):
        raise NotAllowed(refusal)
    active = facts.active.get(stored.pk, ())
    if active and stored.overlap == Overlap.SKIP:
        raise NotAllowed(
            f"Its run {active[-1].short_id} is still active, and its runs do not overlap. Cancel that first."
        )
    if active and stored.overlap == Overlap.CANCEL:
        decision.to_cancel += active
