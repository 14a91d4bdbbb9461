"""What members do with schedules. Views ask `may_edit` and the table of permissions; services keep the rules.

All take the acting person and `now`. A schedule's row is locked while it is changed, so beat and people wait for each
other. What was due before a change is dealt with first, by the rules that held then; nothing is ever due twice, and
every instant up to the change has its slot.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from connections.models import Connection
from mantik.accounts.models import User
from mantik.audit.services import record
from mantik.lib.names import free_name
from projects.models import Project
from projects.permissions import Action, may
from projects.services.projects import NameTaken
from runs.models import Run
from runs.planning.plan import other_site
from runs.services import NotAllowed
from runs.submission.assemble import NotPossible, read_files
from schedules.firing import engine
from schedules.firing.decide import Decision, hold, pause
from schedules.firing.due import WAS_PAUSED
from schedules.firing.timing import Timing, fire_moment, timing_of
from schedules.models import Schedule
from schedules.operators import periodic_tasks
from schedules.services.audit_values import changes, told
from schedules.services.running import resume_schedule, run_now
from schedules.states import CatchUp, CodePolicy, Overlap, ScheduleState

__all__ = [
    "BadChoice",
    "ChangedMeanwhile",
    "NameTaken",
    "NotAllowed",
    "NotYours",
    "Policies",
    "create_schedule",
    "delete_schedule",
    "duplicate_schedule",
    "edit_schedule",
    "may_edit",
    "pause_schedule",
    "resume_schedule",
    "run_now",
]


class BadChoice(Exception):
    """One of the form's choices will not do: the form's `field`, and a sentence for the member."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class NotYours(Exception):
    """With somebody else's connection only the times and rules may be changed, not what is run."""


class ChangedMeanwhile(Exception):
    """Somebody else has edited or deleted the schedule since the form was made."""


@dataclass(frozen=True)
class Policies:
    """The folded-away part of the form; the defaults are those of a new schedule."""

    code_policy: CodePolicy = CodePolicy.SAME_COMMIT
    overlap: Overlap = Overlap.SKIP
    missed: CatchUp = CatchUp.ONE
    missed_cap: int = 10
    missed_grace: timedelta = timedelta(hours=6)
    jitter_seconds: int = 0
    pause_after_failures: int = 5
    most_runs_per_day: int | None = None


def may_edit(user: User, schedule: Schedule) -> bool:
    """Whether `user` may edit, pause, resume and delete it, and have it run now."""
    if may(user, Action.EDIT_ANY_SCHEDULE, schedule.project):
        return True
    return schedule.created_by_id == user.pk and may(user, Action.EDIT_OWN_SCHEDULE, schedule.project)


def create_schedule(
    *,
    project: Project,
    user: User,
    name: str,
    run: Run,
    connection: Connection,
    compute_budget_account: str,
    timing: Timing,
    policies: Policies,
    now: datetime,
) -> Schedule:
    """Enabled from now on. `timing` is what `schedules.firing.timing.read_timing` made of the form.

    Raises NameTaken, BadChoice, and NotYours for somebody else's connection.
    """
    if connection.owner_id != user.pk:
        raise NotYours
    schedule = Schedule(
        project=project,
        name=name,
        run=run,
        created_by=user,
        created_at=now,
        last_edited_by=user,
        last_edited_at=now,
        state_changed_at=now,
        dealt_with_until=now,
        **_recipe(project, run, connection, compute_budget_account),
        **asdict(policies),
        **_written(timing),
    )
    _set_next(schedule, timing, now)
    return _store_new(schedule, timing, verb="schedule.added", actor=user)


def edit_schedule(
    *,
    schedule: Schedule,
    actor: User,
    revision: int,
    name: str,
    run: Run | None,
    connection: Connection | None,
    compute_budget_account: str,
    timing: Timing,
    policies: Policies,
    now: datetime,
) -> None:
    """`revision` is that of the schedule which the form showed. `run` None: what it repeats stays as it is.

    An edited schedule begins anew with the first instant after `now`. One that had ended goes on; a paused one stays
    paused. Raises ChangedMeanwhile, NameTaken, BadChoice, NotYours.
    """
    try:
        with transaction.atomic():
            stored = lock(schedule, now=now)
            if stored is None or stored.revision != revision:
                raise ChangedMeanwhile
            before, recipe = told(stored), stored.recipe
            held = _held_until_edit(stored, timing, now)
            _choose(stored, actor, run, connection, compute_budget_account, policies)
            for column, value in {"name": name, **asdict(policies), **_written(timing)}.items():
                setattr(stored, column, value)
            if told(stored) == before and stored.recipe == recipe:
                return
            _end_delay(stored, now)
            engine.keep([held])
            _begin_anew(stored, actor, timing, now)
            stored.save()
            periodic_tasks.update(schedule=stored, timing=timing)
            record(
                "schedule.edited", actor=actor, target=stored, project=stored.project, **changes(before, told(stored))
            )
    except IntegrityError:
        raise NameTaken from None
    schedule.refresh_from_db()


def pause_schedule(*, schedule: Schedule, actor: User | None, now: datetime, reason: str = "") -> bool:
    """False if it was not enabled any more. `actor` None: an operator, in the admin."""
    with transaction.atomic():
        stored = lock(schedule, now=now)
        if stored is None or not stored.is_enabled:
            return False
        by = actor.display_name if actor else "An operator"
        decision = Decision(stored)
        pause(decision, reason or f"{by} paused it.", now, actor)
        engine.keep([decision])
        after = {"reason": stored.state_reason}
        record("schedule.paused", actor=actor, target=stored, project=stored.project, after=after)
    schedule.refresh_from_db()
    return True


def duplicate_schedule(*, schedule: Schedule, actor: User, now: datetime) -> Schedule:
    """A copy of `actor`'s own, paused until they resume it. Without a connection, unless theirs is used already."""
    copy = Schedule.objects.get(pk=schedule.pk)
    copy.pk, copy.uuid, copy.revision = None, uuid.uuid4(), 1
    copy.name = _free_name(schedule)
    copy.created_by = copy.last_edited_by = actor
    copy.created_at = copy.last_edited_at = copy.dealt_with_until = now
    copy.failures_in_a_row = 0
    copy.last_due_at, copy.last_outcome, copy.last_reason = None, "", ""
    copy.next_due_at = copy.next_fire_at = None
    if copy.connection and copy.connection.owner_id != actor.pk:
        copy.connection = None
    _set_state(copy, ScheduleState.PAUSED, actor, now, f"It is a copy of {schedule.name} that was not resumed yet.")
    timing = timing_of(cron_expression=copy.cron_expression, time_zone=copy.time_zone, end_date=copy.end_date)
    return _store_new(copy, timing, verb="schedule.duplicated", actor=actor)


def delete_schedule(*, schedule: Schedule, actor: User) -> None:
    """With its slots. Runs that it started stay, and go on."""
    with transaction.atomic():
        stored = Schedule.objects.select_for_update().filter(pk=schedule.pk).first()
        if stored is None:
            return
        record("schedule.deleted", actor=actor, target=stored, project=stored.project, before=told(stored))
        stored.delete()
        periodic_tasks.remove([stored.periodic_task_id])


def lock(schedule: Schedule, *, now: datetime) -> Schedule | None:
    """The row as it is, ours until the end of the transaction, with all that was due by `now` dealt with.

    None if somebody has deleted it meanwhile. The lock comes first: the engine passes over what a beat holds, and that
    beat may die, or have looked at an earlier moment.
    """
    rows = Schedule.objects.filter(pk=schedule.pk)
    list(rows.select_for_update().values_list("pk"))
    while engine.fire_due(now=now, only=[schedule.pk]):
        pass
    return rows.select_related("project", "connection").first()


def _store_new(schedule: Schedule, timing: Timing, *, verb: str, actor: User) -> Schedule:
    try:
        with transaction.atomic():
            schedule.periodic_task = periodic_tasks.add(schedule=schedule, timing=timing)
            schedule.save()
            record(verb, actor=actor, target=schedule, project=schedule.project, after=told(schedule))
    except IntegrityError:
        raise NameTaken from None
    return schedule


def _end_delay(stored: Schedule, now: datetime) -> None:
    """An instant whose random delay is not over is dealt with now, by the rules that held before the edit."""
    if Schedule.objects.filter(pk=stored.pk, next_due_at__lte=now).update(next_fire_at=now):
        engine.fire_due(now=now, only=[stored.pk])
        stored.refresh_from_db(fields=[*engine.MOVED, *engine.SWITCHED])


def _held_until_edit(stored: Schedule, timing: Timing, now: datetime) -> Decision:
    """What came while it was paused came by its old times, and is told before it gets others."""
    decision = Decision(stored)
    if stored.is_paused and any(getattr(stored, column) != value for column, value in _written(timing).items()):
        hold(decision, WAS_PAUSED, now)
    return decision


def _choose(
    stored: Schedule,
    actor: User,
    run: Run | None,
    connection: Connection | None,
    account: str,
    policies: Policies,
) -> None:
    """What is run, and with what. Who may use somebody's connection for one thing may not for another."""
    is_theirs = connection is not None and connection.owner_id == actor.pk
    is_kept = connection == stored.connection and run in (None, stored.run)
    is_kept = is_kept and (account, policies.code_policy) == (stored.compute_budget_account, stored.code_policy)
    if not is_theirs and not is_kept:
        raise NotYours
    if connection is None:
        return
    if run is not None and run != stored.run:
        stored.run = run
        for column, value in _recipe(stored.project, run, connection, account).items():
            setattr(stored, column, value)
    elif connection != stored.connection:
        _check_site(stored, connection)
        stored.connection, stored.site_name = connection, connection.provider
    stored.compute_budget_account = account


def _recipe(project: Project, run: Run, connection: Connection, account: str) -> dict[str, Any]:
    """All that a run needs, copied from `run`. Raises BadChoice."""
    if run.project_id != project.pk:
        raise BadChoice("run", "The run is not of this project. Choose another one.")
    if connection.site is None:
        raise BadChoice("connection", "This connection is for a git host. Choose one for a site.")
    check_choices(run, connection)
    chosen = {"connection_id": connection.pk, "site_name": connection.site.name, "compute_budget_account": account}
    return run.recipe | chosen


def check_choices(run: Run, connection: Connection | None) -> None:
    """Whether `run` can be repeated with what it was, and with `connection` if one is chosen. Raises BadChoice."""
    if run.commit_pending:
        raise BadChoice("run", "The commit of this run is not known yet. Wait until it is submitted.")
    if run.code_repository is None:
        raise BadChoice("run", f"Its code repository {run.code_name} was deleted. Choose another run.")
    if run.code_has_moved:
        raise BadChoice(
            "run",
            f"The code repository {run.code_name} leads to another address now: to {run.code_repository.url}, and not "
            f"to {run.code_url}. Choose a newer run.",
        )
    if connection is not None:
        _check_site(run, connection)


def _check_site(what: Run | Schedule, connection: Connection) -> None:
    try:
        config = read_files(what).config
    except NotPossible as error:
        raise BadChoice("run", str(error)) from None
    if elsewhere := other_site(config, connection, path=what.backend_config_path):
        raise BadChoice("connection", elsewhere)


def _written(timing: Timing) -> dict[str, Any]:
    return {"cron_expression": timing.cron.expression, "time_zone": timing.zone.key, "end_date": timing.end_date}


def _begin_anew(stored: Schedule, actor: User, timing: Timing, now: datetime) -> None:
    """What an edit makes of it: the next revision, with no failure behind it, and due from now on."""
    stored.revision += 1
    stored.last_edited_by, stored.last_edited_at = actor, now
    stored.failures_in_a_row = 0
    if not stored.is_paused:
        _enable(stored, actor, timing, now)


def _enable(stored: Schedule, actor: User, timing: Timing, now: datetime) -> None:
    if not stored.is_enabled:
        _set_state(stored, ScheduleState.ENABLED, actor, now, "")
    _set_next(stored, timing, now)


def _set_next(schedule: Schedule, timing: Timing, now: datetime) -> None:
    """The first instant after now, and after all that it has ever dealt with: clocks may have been put back."""
    due = timing.next_after(max(now, schedule.dealt_with_until))
    if due is None:
        raise BadChoice("end_date", "There is no instant left before the end date. Choose a later one.")
    schedule.next_due_at = due
    schedule.next_fire_at = fire_moment(schedule.uuid, due, schedule.jitter_seconds)


def _set_state(schedule: Schedule, state: ScheduleState, actor: User | None, now: datetime, reason: str) -> None:
    schedule.state, schedule.state_reason = state, reason
    schedule.state_changed_by, schedule.state_changed_at = actor, now


def _free_name(schedule: Schedule) -> str:
    taken = Schedule.objects.filter(project=schedule.project).values_list("name", flat=True)
    return free_name(schedule.name, "copy", taken=taken, most=100)
