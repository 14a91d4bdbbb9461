"""What members do with runs: start, cancel, delete, look at."""

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
from runs.states import AT_SITE, BEFORE_START
from runs.submission.create import Order, hand_over_on_commit, recipe_of_plan, store_runs

WATCH = timedelta(seconds=30)


class NotAllowed(Exception):
    """The state of the run does not allow it; the text says why, for the member."""


NOT_ASKED_BEFORE = Asked()


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
    asked: Asked = NOT_ASKED_BEFORE,
) -> Run:
    """Store a run as planned and hand it to the workers once it is committed.

    The same request again, as `asked`, is the run that the first has made. `plan` must be without problems. From here
    on the run cannot be lost: a sweep finds it if the message does not arrive. Raises NotAllowed if what it refers to,
    or the run of the same request, was deleted.
    """
    order = Order(
        project=project,
        created_by=user,
        name=name,
        recipe=recipe_of_plan(
            plan, experiment=experiment, connection=connection, compute_budget_account=compute_budget_account
        ),
        message="RUN! was pressed; everything is stored.",
    )
    try:
        made = once(asked, user=user, kind=f"run.added {project.pk}", make=lambda: _store(order, now=now))
    except IntegrityError:
        # Somebody was faster, between the form and here.
        raise NotAllowed("The code repository or the experiment has just been deleted. Choose another one.") from None
    run = Run.objects.filter(pk=made.text).first()
    if run is None:
        raise NotAllowed("The run of this form was deleted. To have another one, open the form anew.")
    return run


def _store(order: Order, *, now: datetime) -> str:
    with transaction.atomic():
        keys = store_runs([order], verb="run.added", actor=order.created_by, now=now)
        hand_over_on_commit(keys)
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
    """Wish the run away. The state changes when the site has let go of the job. Raises NotAllowed when over."""
    with transaction.atomic():
        # Neither branch looks at the row before it writes: the run may start or end at this very moment.
        asked = Run.objects.filter(pk=run.pk, cancel_requested_at__isnull=True)
        changed = asked.filter(state__in=BEFORE_START).update(
            cancel_requested_at=now, cancel_requested_by=user, next_attempt_at=now
        ) or asked.filter(state__in=AT_SITE).update(cancel_requested_at=now, cancel_requested_by=user, next_poll_at=now)
        run.refresh_from_db()
        if run.is_terminal:
            raise NotAllowed(f"The run is over ({run.get_state_display().lower()}); there is nothing to cancel.")
        if not changed:
            return
        record(run, now=now, kind="cancel.requested", message=f"{user.display_name} asked to cancel it.", actor=user)
        record_for_audit("run.cancelled", actor=user, target=run, project=run.project)
        send_on_commit("runs.tasks.submit_run", run_id=run.pk)
        send_on_commit("runs.tasks.follow_runs", run_ids=[run.pk])


def delete_run(*, run: Run, actor: User) -> None:
    """Remove a run that is over, with its log and events. MLflow and the site keep theirs. Raises NotAllowed."""
    if not run.is_terminal:
        raise NotAllowed("A run can be deleted when it is over. Cancel it first.")
    with transaction.atomic():
        # Who registers its model meanwhile waits at this lock, and then finds it gone.
        Run.objects.select_for_update().filter(pk=run.pk).first()
        if model := RegisteredModel.objects.filter(run=run).first():
            raise NotAllowed(f"Its model is registered as {model.name}. Unregister {model.name} first.")
        record_for_audit(
            "run.deleted",
            actor=actor,
            target=run,
            project=run.project,
            before={"state": run.state, "created by": run.created_by.username},
        )
        run.delete()


def watch(*, run: Run, now: datetime) -> None:
    """Somebody has the page open: have the site asked more often for a while. Writes every ten seconds at most."""
    if run.is_terminal and run.log_complete:
        return
    soon = now + WATCH - timedelta(seconds=10)
    if run.watched_until and run.watched_until > soon:
        return
    watched = Run.objects.filter(pk=run.pk)
    watched.update(watched_until=now + WATCH)
    # It may have been put off for a minute while nobody looked.
    watched.filter(state__in=AT_SITE, next_poll_at__gt=now + timedelta(seconds=2)).update(next_poll_at=now)
