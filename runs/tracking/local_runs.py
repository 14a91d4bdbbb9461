"""Runs that somebody starts outside: from a laptop or a notebook, with MLflow's own client.

Such a run has no job, no code repository and no connection. It is Running until its program says that it is over, or
until a member ends it. A laptop that is closed says neither, so a run whose program logs nothing is shown as silent.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from mantik.accounts.models import User
from mantik.audit.services import record as record_for_audit
from projects.models import Experiment
from runs import lifecycle
from runs.models import Run
from runs.states import RunState

# How exact `last_logged_at` is: a program may log a thousand times a second.
LOGGING_IS_NOTED_EVERY = timedelta(minutes=1)
# After so long without a sign of its program, a run is shown as silent.
SILENT_AFTER = timedelta(hours=24)
# How long the program has to end the MLflow run itself, before a worker does.
ENDED_IN_MLFLOW_AFTER = timedelta(minutes=1)
_LONGEST_SOURCE = 80


def start_local_run(
    *, experiment: Experiment, user: User, name: str, mlflow_run_id: str, source: str, commit: str, now: datetime
) -> Run:
    """Store a run that has begun. `source`: the program or notebook; `commit`: of its code, "" if not known."""
    own = uuid.uuid4()
    with transaction.atomic():
        run = Run.objects.create(
            uuid=own,
            project=experiment.project,
            experiment=experiment,
            created_by=user,
            created_at=now,
            origin=Run.Origin.LOCAL,
            name=name,
            state=RunState.RUNNING,
            running_at=now,
            last_logged_at=now,
            # No job has it; the column is unique.
            submission_tag=f"local-{own}",
            code_name=_end_of(source),
            commit_sha=commit[:64],
            mlflow_experiment_id=experiment.mlflow_experiment_id,
            mlflow_run_id=mlflow_run_id,
            # There is none.
            log_complete=True,
        )
        lifecycle.record(
            run, now=now, kind="state.running", message="A program of the member started the run.", actor=user
        )
        record_for_audit("run.started_locally", actor=user, target=run, project=run.project)
    return run


def withdraw_local_run(run: Run, *, now: datetime) -> None:
    """Delete a run that MLflow has refused to make: its program was told that it did not begin."""
    with transaction.atomic():
        if run.is_terminal or not end_local_run(run, to=RunState.FAILED, now=now, message="MLflow refused to make it."):
            return
        record_for_audit(
            "run.deleted",
            actor=run.created_by,
            target=run,
            project=run.project,
            before={"state": run.state, "created by": run.created_by.username},
        )
        run.delete()


def _end_of(source: str) -> str:
    """The end of a long path says more than its beginning."""
    return source if len(source) <= _LONGEST_SOURCE else f"…{source[1 - _LONGEST_SOURCE :]}"


def end_local_run(run: Run, *, to: RunState, now: datetime, message: str) -> bool:
    """False if it had ended already. If MLflow does not learn of the end from the program, a worker tells it."""
    return lifecycle.move(run, to=to, now=now, message=message, next_poll_at=now + ENDED_IN_MLFLOW_AFTER)


def end_for_its_program(run: Run, *, user: User, now: datetime) -> bool:
    """End it in the name of `user`: what its program logs from now on is refused. False if it had ended already."""
    with transaction.atomic():
        if not lifecycle.set_columns(run, cancel_requested_at=now, cancel_requested_by=user):
            return False
        message = f"Ended by {user.display_name}."
        lifecycle.move(run, to=RunState.CANCELLED, now=now, message=message, next_poll_at=now)
        record_for_audit("run.ended", actor=user, target=run, project=run.project)
    return True


def silent_since(run: Run, *, now: datetime) -> datetime | None:
    """Since when nothing was heard of its program; None if something was in SILENT_AFTER, or the run is over."""
    if not run.is_local or run.is_terminal:
        return None
    last = run.last_logged_at or run.created_at
    return last if now - last >= SILENT_AFTER else None


def note_logging(run: Run, *, now: datetime) -> None:
    """Its program lives. Written once in LOGGING_IS_NOTED_EVERY at most."""
    if not run.is_local or (run.last_logged_at and now - run.last_logged_at < LOGGING_IS_NOTED_EVERY):
        return
    earlier = Q(last_logged_at=None) | Q(last_logged_at__lt=now)
    Run.objects.filter(earlier, pk=run.pk).update(last_logged_at=now)
