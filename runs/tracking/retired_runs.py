"""Notes which MLflow runs go with a run that is deleted; workers delete them: `runs.tracking.mlflow_bin`."""

from __future__ import annotations

from datetime import datetime

from runs.models import RetiredRun, Run, TrackedItem


def retire(run: Run, *, now: datetime) -> None:
    """Have workers delete the MLflow run of `run` and its child runs. In the transaction that deletes `run`."""
    children = TrackedItem.objects.filter(run=run, kind=TrackedItem.Kind.RUN).values_list("mlflow_id", flat=True)
    ids = dict.fromkeys([run.mlflow_run_id, *children])
    RetiredRun.objects.bulk_create(
        RetiredRun(uuid=run.uuid, name=run.name, project=run.project, mlflow_run_id=one, retired_at=now)
        for one in ids
        if one
    )
