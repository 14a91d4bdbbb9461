"""What members do with runs: start, cancel, delete and watch them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from connections.models import Connection
from mantik.accounts.models import User
from mantik.audit.services import record as record_for_audit
from mantik.idempotency.services import Asked, once
from mantik.lib.queue import send_on_commit
from projects.models import Experiment, Project
from projects.permissions import Action, may
from runs.lifecycle import record
from runs.models import RegisteredModel, Run
from runs.planning.plan import Plan
from runs.states import AT_SITE, BEFORE_START, TERMINAL
from runs.submission.create import Order, recipe_of_plan, send_to_workers_on_commit, store_runs
from runs.tracking.carrying.due import look_sooner
from runs.tracking.local_runs import end_for_its_program
from runs.tracking.retired_runs import retire

# How long a run counts as watched after a page was drawn. An open one is drawn again within `mantik.lib.live.LASTS`.
WATCHED_FOR = timedelta(minutes=1)
# How old the note of that becomes before it is written again.
_NOTED_FOR = timedelta(seconds=10)
# A poll that is due within this time is not brought forward: a sweep follows it about as soon.
_SOON = timedelta(seconds=2)


class NotAllowed(Exception):
    """The state of the run does not allow this; the text tells the member why."""


# A request that is never a repetition of another.
WITHOUT_KEY = Asked()


def create_run(
    *,
    project: Project,
    user: User,
    name: str,
    experiment: Experiment,
    connection: Connection,
    compute_budget_account: str,
    plan: Plan,
    now: datetime,
    asked: Asked = WITHOUT_KEY,
) -> Run:
    """Store a run as planned; workers submit it after the commit.

    Repeating the same request (`asked`) returns the run that the first request made. `plan` must have no problems. The
    run cannot be lost: a sweep finds it if the message does not arrive. Raises NotAllowed if something that the run
    refers to was deleted, or the run that the first request made.
    """
    order = Order(
        project=project,
        created_by=user,
        name=name,
        recipe=recipe_of_plan(
            plan, experiment=experiment, connection=connection, compute_budget_account=compute_budget_account
        ),
        message="RUN! was pressed. The run is stored.",
    )
    try:
        made = once(asked, user=user, kind=f"run.added {project.pk}", make=lambda: _store(order, now=now))
    except IntegrityError:
        # Somebody was faster, between the form and here.
        raise NotAllowed("The code repository or the experiment has just been deleted. Choose another one.") from None
    run = Run.objects.filter(pk=made.text).first()
    if run is None:
        raise NotAllowed("The run that this form started was deleted. To start another run, open the form again.")
    return run


def _store(order: Order, *, now: datetime) -> str:
    with transaction.atomic():
        keys = store_runs([order], verb="run.added", actor=order.created_by, now=now)
        send_to_workers_on_commit(keys)
    return str(keys[0])


def may_cancel(user: User, run: Run) -> bool:
    return may(user, Action.CANCEL_ANY_RUN, run.project) or (
        run.created_by_id == user.pk and may(user, Action.CANCEL_OWN_RUN, run.project)
    )


def may_delete(user: User, run: Run) -> bool:
    return may(user, Action.DELETE_ANY_RUN, run.project) or (
        run.created_by_id == user.pk and may(user, Action.DELETE_OWN_RUN, run.project)
    )


def cancel_run(*, run: Run, user: User, now: datetime) -> None:
    """Request that the run be cancelled; its state changes when the site has aborted the job. Raises NotAllowed.

    A local run has no job: it ends at once.
    """
    if run.is_local:
        _end_local_run(run, user, now)
        return
    _cancel(run, user, f"{user.display_name} asked to cancel the run.", now)


def cancel_for_schedule(*, run: Run, schedule: str, now: datetime) -> None:
    """As `cancel_run`, by the schedule with this name, which is about to start its next run. Raises NotAllowed."""
    _cancel(run, None, f"The schedule {schedule} cancelled the run, to start the next one.", now)


def _cancel(run: Run, user: User | None, message: str, now: datetime) -> None:
    with transaction.atomic():
        # Neither branch looks at the row before it writes: the run may start or end at this very moment.
        asked = Run.objects.filter(pk=run.pk, cancel_requested_at__isnull=True)
        changed = asked.filter(state__in=BEFORE_START).update(
            cancel_requested_at=now, cancel_requested_by=user, next_attempt_at=now
        ) or asked.filter(state__in=AT_SITE).update(cancel_requested_at=now, cancel_requested_by=user, next_poll_at=now)
        run.refresh_from_db()
        if run.is_terminal:
            raise NotAllowed(f"The run has ended already ({run.get_state_display().lower()}). It cannot be cancelled.")
        if not changed:
            return
        record(run, now=now, kind="cancel.requested", message=message, actor=user)
        record_for_audit("run.cancelled", actor=user, target=run, project=run.project)
        if run.state in AT_SITE:
            send_on_commit("runs.tasks.follow_connection", connection_id=run.connection_id)
        else:
            send_to_workers_on_commit([run.pk])


def _end_local_run(run: Run, user: User, now: datetime) -> None:
    if run.is_terminal or not end_for_its_program(run, user=user, now=now):
        run.refresh_from_db()
        raise NotAllowed(f"The run has ended already ({run.get_state_display().lower()}).")
    send_on_commit("runs.tasks.follow_connection", connection_id=None)


def delete_run(*, run: Run, actor: User, now: datetime, in_mlflow: bool = False) -> None:
    """Delete a run that has ended, with its log and events. Raises NotAllowed.

    The site deletes the files of its job later. What is in MLflow stays, unless workers are to delete it: `in_mlflow`.
    """
    if not run.is_terminal:
        how = "End it" if run.is_local else "Cancel it"
        raise NotAllowed(f"Only a run that has ended can be deleted. {how} first.")
    with transaction.atomic():
        # Whoever registers its model at the same time waits for this lock, and then finds the run deleted.
        Run.objects.select_for_update().filter(pk=run.pk).first()
        if model := RegisteredModel.objects.filter(run=run).first():
            raise NotAllowed(f"Its model is registered as {model.name}. Unregister {model.name} first.")
        record_for_audit(
            "run.deleted",
            actor=actor,
            target=run,
            project=run.project,
            before={"state": run.state, "created by": run.created_by.username},
            after={"in MLflow": "to be deleted"} if in_mlflow else {},
        )
        if in_mlflow:
            retire(run, now=now)
        run.delete()


def watch(*, run: Run, now: datetime) -> None:
    """Somebody has the page open: ask the site more often for a while. Writes once in _NOTED_FOR at most."""
    if run.is_local or (run.is_terminal and run.is_finished_up):
        return
    if run.watched_until and run.watched_until > now + WATCHED_FOR - _NOTED_FOR:
        return
    watched = Run.objects.filter(pk=run.pk)
    watched.update(watched_until=now + WATCHED_FOR)
    look_sooner(run, now=now)
    # While nobody watched, the next poll may have been put off for a minute.
    watched.filter(state__in=AT_SITE, next_poll_at__gt=now + _SOON).update(next_poll_at=now)
    # After a failure, the rest of the log is not fetched for a while.
    resting = watched.filter(state__in=TERMINAL, log_complete=False, poll_failures__gt=0)
    resting.filter(next_poll_at__gt=now).update(next_poll_at=now)
