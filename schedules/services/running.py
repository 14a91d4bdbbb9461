"""Resume and Run now: what people do with a schedule that makes runs."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from mantik.accounts.models import User
from mantik.audit.services import record
from mantik.idempotency.services import Asked, once
from runs.models import Run
from runs.services import WITHOUT_KEY, NotAllowed
from schedules.firing.decide import Decision, NewSlot, Situation, carry_out, order_of, rules_of
from schedules.firing.due import what_was_held
from schedules.firing.engine import load_for_decisions, settle_and_survey, store_and_tell
from schedules.firing.preconditions import why_refused
from schedules.firing.timing import stored_timing
from schedules.models import Schedule
from schedules.states import CatchUp, Outcome, Overlap, ScheduleState


def resume_schedule(*, schedule: Schedule, actor: User | None, catch_up: CatchUp = CatchUp.SKIP, now: datetime) -> bool:
    """End a pause; `catch_up` says which of the due times during it are run. The others are held.

    False if it was no longer paused. `actor` None: an operator, in the admin. Raises NotAllowed if it could not run,
    and CronError or ZoneError if its times are no longer accepted.
    """
    with transaction.atomic():
        stored = _locked(schedule)
        if stored is None or not stored.is_paused:
            return False
        situation = settle_and_survey([stored], now=now)
        if refusal := why_refused(stored, roles=situation.roles, now=now):
            raise NotAllowed(refusal)
        timing = stored_timing(stored)
        stored.set_state(ScheduleState.ENABLED, reason="", actor=actor, now=now)
        stored.failures_in_a_row = 0
        since, rules = stored.dealt_with_until, rules_of(stored, timing)
        decision = Decision(stored, has_new_state=True)
        carry_out(decision, timing, what_was_held(rules, since=since, catch_up=catch_up, now=now), situation)
        after = {"missed runs": catch_up.label}
        record("schedule.resumed", actor=actor, target=stored, project=stored.project, after=after)
        store_and_tell([decision], now=now)
    schedule.refresh_from_db()
    return True


def run_now(*, schedule: Schedule, actor: User, now: datetime, asked: Asked = WITHOUT_KEY) -> Run:
    """Start one more run at once, whether the schedule is paused or not; its due times stay as they are.

    The run has a slot of its own. Repeating the same request (`asked`) returns the run that the first one made. Raises
    NotAllowed if it may not run, if the schedule or the run of the same request was deleted, or if runs must not
    overlap and one is active.
    """
    kind = f"schedule.run_now {schedule.pk}"
    made = once(asked, user=actor, kind=kind, make=lambda: _start_now(schedule, actor, now))
    run = Run.objects.filter(pk=made.text).first()
    if run is None:
        raise NotAllowed("The run that this started was deleted. To start another run, press Run now again.")
    return run


def _start_now(schedule: Schedule, actor: User, now: datetime) -> str:
    """Start the run; returns its primary key as text."""
    with transaction.atomic():
        stored = _locked(schedule)
        if stored is None:
            raise NotAllowed("Somebody has just deleted the schedule.")
        situation = settle_and_survey([stored], now=now)
        decision = Decision(stored)
        _check_now(decision, situation)
        # Due times of the clock have no fraction of a second, so this slot cannot collide with one.
        due_at = now.replace(microsecond=max(1, now.microsecond))
        reason = f"{actor.display_name} pressed Run now."
        if decision.to_cancel:
            reason += f" Its previous run, {decision.to_cancel[-1].short_id}, was still active and was cancelled."
        slot = NewSlot(stored.pk, due_at, Outcome.FIRED, reason, recorded_at=now, asked_by_id=actor.pk, awaits_end=True)
        order = order_of(stored, due_at, f"{actor.display_name} pressed Run now for the schedule {stored.name}.")
        decision.slots.append(slot)
        decision.orders.append((slot, order))
        stored.last_due_at, stored.last_outcome, stored.last_reason = due_at, Outcome.FIRED, reason
        record("schedule.run_now", actor=actor, target=stored, project=stored.project)
        store_and_tell([decision], now=now)
    schedule.refresh_from_db()
    return str(Run.objects.get(slot__schedule=schedule, slot__due_at=due_at).pk)


def _locked(schedule: Schedule) -> Schedule | None:
    """The locked row, with the related rows that decisions need; None if somebody has deleted it."""
    stored = Schedule.objects.select_for_update().filter(pk=schedule.pk).first()
    if stored is None:
        return None
    load_for_decisions([stored])
    return stored


def _check_now(decision: Decision, situation: Situation) -> None:
    """Raises NotAllowed if no run may start now. An active run that has to make way is added to `to_cancel`."""
    stored = decision.schedule
    if refusal := why_refused(stored, roles=situation.roles, now=situation.now):
        raise NotAllowed(refusal)
    active = situation.active.get(stored.pk, ())
    if active and stored.overlap == Overlap.SKIP:
        raise NotAllowed(
            f"Run {active[-1].short_id} of this schedule is still active, and runs of this schedule do not overlap. "
            "Cancel that run first, or wait until it ends."
        )
    if active and stored.overlap == Overlap.CANCEL:
        decision.to_cancel += active
