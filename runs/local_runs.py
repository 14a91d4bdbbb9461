"""Runs that somebody starts outside: from a laptop or a notebook, with MLflow's own client.

Such a run has no job, no code repository and no connection. It is Running until its program says that it is over, or
until a member ends it.
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
            code_name=source[:80],
            commit_sha=commit[:64],
            mlflow_experiment_id=experiment.mlflow_experiment_id,
            mlflow_run_id=mlflow_run_id,
            # There is no log, and no job whose end would close its MLflow run.
            log_complete=True,
            tracking_closed=True,
        )
        lifecycle.record(
            run, now=now, kind="state.running", message="A program outside of Mantik started the run.", actor=user
        )
        record_for_audit("run.started_locally", actor=user, target=run, project=run.project)
    return run


def end_local_run(run: Run, *, to: RunState, now: datetime, message: str) -> bool:
    """False if it had ended already."""
    return lifecycle.move(run, to=to, now=now, message=message)


def note_logging(run: Run, *, now: datetime) -> None:
    """Its program lives. Written once in LOGGING_IS_NOTED_EVERY at most."""
    if not run.is_local or (run.last_logged_at and now - run.last_logged_at < LOGGING_IS_NOTED_EVERY):
        return
    earlier = Q(last_logged_at=None) | Q(last_logged_at__lt=now)
    Run.objects.filter(earlier, pk=run.pk).update(last_logged_at=now)
