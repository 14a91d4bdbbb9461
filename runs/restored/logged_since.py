"""Fills our rows of what runs have logged (`runs/tracking/summaries/`) again: MLflow has what came since the backup."""

from __future__ import annotations

from runs.models import Run, RunSummaries
from runs.querysets import RunQuerySet


def open_runs() -> RunQuerySet:
    """Runs that may have logged something after the backup was made. A run that was over then is the same in both."""
    return Run.objects.filter(tracking_closed=False).exclude(mlflow_run_id="")


def read_again_at_their_end(runs: RunQuerySet) -> int:
    """Have each of `runs` read from MLflow once it is over. Returns how many there are."""
    rows = [RunSummaries(run_id=key, was_direct=True) for key in runs.values_list("pk", flat=True)]
    RunSummaries.objects.bulk_create(
        rows, batch_size=500, update_conflicts=True, unique_fields=["run"], update_fields=["was_direct"]
    )
    return len(rows)
