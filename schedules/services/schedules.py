"""What members do with schedules. Views ask `may_edit` and the table of permissions; these functions keep the rules.

All take the acting person and `now`. A schedule's row is locked while it is changed, so beat and people wait for each
other. What was due before a change is dealt with first, by the rules before the change. Nothing is due twice, and
every due time up to the change has its slot.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from connections.models import Connection
from mantik.accounts.models import User
from mantik.audit.services import changes, record
from mantik.lib.name_keys import holder_of
from mantik.lib.names import free_name
from projects.models import Project
from projects.permissions import Action, may
from projects.services.projects import NameTaken
from runs.models import Run
from runs.planning.plan import other_site
from runs.planning.prefill import cannot_be_repeated
from runs.services import NotAllowed
from runs.submission.run_files import NotPossible, read_files
from schedules.firing import engine
from schedules.firing.decide import Decision, hold_what_is_due, pause
from schedules.firing.due import WAS_PAUSED
from schedules.firing.timing import Timing, fire_moment, stored_timing
from schedules.models import Schedule
from schedules.operators import periodic_tasks
from schedules.services.audit_values import audit_values
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

# How much of a schedule's name the name of its copy has. The rest of the 120 characters is for what is added.
_MOST_OF_NAME = 100


class BadChoice(Exception):
    """A choice in the form is refused: `field` is the form's field, `message` a sentence for the member."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class NotYours(Exception):
    """The schedule uses somebody else's connection: its times and rules may be changed, but not what it runs."""


class ChangedMeanwhile(Exception):
    """Since the form was made, somebody has edited or deleted the schedule, or deleted something it uses."""


@dataclass(frozen=True)
class Policies:
    """The part "Rules" of the form, with the defaults of a new schedule."""

    code_policy: CodePolicy = CodePolicy.SAME_COMMIT
    overlap: Overlap = Overlap.SKIP
    missed: CatchUp = CatchUp.ONE
    missed_cap: int = 10
    missed_grace: timedelta = timedelta(hours=6)
    jitter_seconds: int = 0
    pause_after_failures: int = 5
    most_runs_per_day: int | None = None


def may_edit(user: User, schedule: Schedule) -> bool:
    """Whether `user` may edit, pause, resume, delete and "run now" this schedule."""
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
    """Store a schedule that is enabled from now on. `timing` comes from `schedules.firing.timing.read_timing`.

    Raises NameTaken, ChangedMeanwhile, BadChoice, and NotYours for somebody else's connection.
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
    """Store an edit. `revision` is that of the schedule when the form was made. `run` None: it repeats the same run.

    An edited schedule starts again with the first due time after `now`. If it had ended, it is enabled; if it was
    paused, it stays paused. Raises ChangedMeanwhile, NameTaken, BadChoice, NotYours.
    """
    try:
        with transaction.atomic():
            stored = lock(schedule, now=now)
            if stored is None or stored.revision != revision:
                raise ChangedMeanwhile
            before, recipe = audit_values(stored), stored.recipe
            held = _held_until_edit(stored, timing, now)
            _choose(stored, actor, run, connection, compute_budget_account, policies)
            for column, value in {"name": name, **asdict(policies), **_written(timing)}.items():
                setattr(stored, column, value)
            if audit_values(stored) == before and stored.recipe == recipe:
                return
            _end_delay(stored, now)
            engine.store_slots([held])
            _begin_revision(stored, actor, timing, now)
            stored.save()
            periodic_tasks.update(schedule=stored, timing=timing)
            change = changes(before, audit_values(stored))
            record("schedule.edited", actor=actor, target=stored, project=stored.project, **change)
    except (IntegrityError, Connection.DoesNotExist) as error:
        raise _conflict(schedule, name) from error
    schedule.refresh_from_db()


def pause_schedule(*, schedule: Schedule, actor: User | None, now: datetime, reason: str = "") -> bool:
    """Pause it; False if it was no longer enabled. `actor` None: an operator, in the admin."""
    with transaction.atomic():
        stored = lock(schedule, now=now)
        if stored is None or not stored.is_enabled:
            return False
        by = actor.display_name if actor else "An operator"
        decision = Decision(stored)
        pause(decision, reason or f"{by} paused it.", now, actor)
        engine.store_slots([decision])
        after = {"reason": stored.state_reason}
        record("schedule.paused", actor=actor, target=stored, project=stored.project, after=after)
    schedule.refresh_from_db()
    return True


def duplicate_schedule(*, schedule: Schedule, actor: User, now: datetime) -> Schedule:
    """A copy that belongs to `actor`, paused until they resume it; without a connection, unless it is their own.

    Raises NameTaken and ChangedMeanwhile.
    """
    copy = Schedule.objects.filter(pk=schedule.pk).first()
    if copy is None:
        raise ChangedMeanwhile
    copy.pk, copy.uuid, copy.revision = None, uuid.uuid4(), 1
    copy.name = _free_name(schedule)
    copy.created_by = copy.last_edited_by = actor
    copy.created_at = copy.last_edited_at = copy.dealt_with_until = now
    copy.failures_in_a_row = 0
    copy.last_due_at, copy.last_outcome, copy.last_reason = None, "", ""
    copy.next_due_at = copy.next_fire_at = None
    if copy.connection and copy.connection.owner_id != actor.pk:
        copy.connection = None
    reason = f"It is a copy of {schedule.name} and has not been resumed yet."
    copy.set_state(ScheduleState.PAUSED, reason=reason, actor=actor, now=now)
    return _store_new(copy, stored_timing(copy), verb="schedule.duplicated", actor=actor)


def delete_schedule(*, schedule: Schedule, actor: User) -> None:
    """Delete it with its slots. Runs that it started are kept and continue."""
    with transaction.atomic():
        stored = Schedule.objects.select_for_update().filter(pk=schedule.pk).first()
        if stored is None:
            return
        record("schedule.deleted", actor=actor, target=stored, project=stored.project, before=audit_values(stored))
        stored.delete()
        periodic_tasks.remove([stored.periodic_task_id])


def lock(schedule: Schedule, *, now: datetime) -> Schedule | None:
    """Lock the row until the end of the transaction, deal with everything that was due by `now`, and return the row.

    None if somebody has deleted it meanwhile. It is locked first, because the engine passes over rows that a beat has
    locked, and that beat may die, or deal only with what was due at an earlier moment.
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
            record(verb, actor=actor, target=schedule, project=schedule.project, after=audit_values(schedule))
    except (IntegrityError, Connection.DoesNotExist) as error:
        raise _conflict(schedule, schedule.name) from error
    return schedule


def _conflict(schedule: Schedule, name: str) -> Exception:
    """Why the database refused to store `schedule` under this name."""
    others = Schedule.objects.filter(project=schedule.project_id).exclude(pk=schedule.pk)
    return NameTaken() if holder_of(others, name) else ChangedMeanwhile()


def _end_delay(stored: Schedule, now: datetime) -> None:
    """If a random delay is not over, start that run now, by the rules from before the edit."""
    if Schedule.objects.filter(pk=stored.pk, next_due_at__lte=now).update(next_fire_at=now):
        engine.fire_due(now=now, only=[stored.pk])
        stored.refresh_from_db(fields=[*engine.DECISION_COLUMNS, *engine.STATE_COLUMNS])


def _held_until_edit(stored: Schedule, timing: Timing, now: datetime) -> Decision:
    """If a paused schedule gets new times, its old due times during the pause become held slots."""
    decision = Decision(stored)
    if stored.is_paused and any(getattr(stored, column) != value for column, value in _written(timing).items()):
        hold_what_is_due(decision, WAS_PAUSED, now)
    return decision


def _choose(
    stored: Schedule,
    actor: User,
    run: Run | None,
    connection: Connection | None,
    account: str,
    policies: Policies,
) -> None:
    """Set what is run and with what. A connection of somebody else may only be kept for what it is used for already."""
    is_own = connection is not None and connection.owner_id == actor.pk
    is_kept = connection == stored.connection and run in (None, stored.run)
    is_kept = is_kept and (account, policies.code_policy) == (stored.compute_budget_account, stored.code_policy)
    if not is_own and not is_kept:
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
    """The columns of everything that a run needs, copied from `run`. Raises BadChoice."""
    if run.project_id != project.pk:
        raise BadChoice("run", "This run belongs to another project. Choose a run of this project.")
    if connection.site is None:
        raise BadChoice("connection", "This connection is for a git host. Choose one for a site.")
    check_choices(run, connection)
    chosen = {"connection_id": connection.pk, "site_name": connection.site.name, "compute_budget_account": account}
    return run.recipe | chosen


def check_choices(run: Run, connection: Connection | None) -> None:
    """Check that `run` can be repeated, with `connection` if one is chosen. Raises BadChoice."""
    if run.is_local:
        raise BadChoice("run", f"{cannot_be_repeated(run.name)} Choose another run.")
    if run.commit_pending:
        raise BadChoice("run", "The commit of this run is not known yet. Wait until it is submitted.")
    if run.code_repository is None:
        raise BadChoice("run", f"Its code repository {run.code_name} was deleted. Choose another run.")
    if run.code_has_moved:
        raise BadChoice(
            "run",
            f"The address of the code repository {run.code_name} has changed from {run.code_url} to "
            f"{run.code_repository.url}. Choose a newer run.",
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


def _begin_revision(stored: Schedule, actor: User, timing: Timing, now: datetime) -> None:
    """Begin the next revision: no failures are counted yet, and due times are those from now on."""
    stored.revision += 1
    stored.last_edited_by, stored.last_edited_at = actor, now
    stored.failures_in_a_row = 0
    if not stored.is_paused:
        _enable(stored, actor, timing, now)


def _enable(stored: Schedule, actor: User, timing: Timing, now: datetime) -> None:
    if not stored.is_enabled:
        stored.set_state(ScheduleState.ENABLED, reason="", actor=actor, now=now)
    _set_next(stored, timing, now)


def _set_next(schedule: Schedule, timing: Timing, now: datetime) -> None:
    """Set the first due time after now and after the last one dealt with: the machine's clock may have been put back.

    Raises BadChoice if there is none.
    """
    due = timing.next_after(max(now, schedule.dealt_with_until))
    if due is None:
        raise BadChoice("end_date", "There is no due time left before the end date. Choose a later one.")
    schedule.next_due_at = due
    schedule.next_fire_at = fire_moment(schedule.uuid, due, schedule.jitter_seconds)


def _free_name(schedule: Schedule) -> str:
    taken = Schedule.objects.filter(project=schedule.project).values_list("name", flat=True)
    return free_name(schedule.name, "copy", taken=taken, most=_MOST_OF_NAME)
