"""The MLflow run of a run: made before the job, and closed after it if the job could not close it."""

from datetime import datetime

from connections.mlflow.errors import TrackingRefused
from connections.mlflow.for_workers import control
from projects.models import Experiment
from runs.models import Run
from runs.tracking.ends import STATUS_OF
from runs.tracking.tags import OURS, PROJECT_TAG, RUN_TAG


def ensure_tracking_run(run: Run, *, now: datetime) -> tuple[str, str]:
    """The ids of the MLflow experiment and run for `run`. Makes them if they do not exist; repeating is harmless.

    Raises TrackingUnavailable and TrackingRefused.
    """
    experiment_id = _ensure_experiment(run.experiment)
    if run.mlflow_run_id:
        return experiment_id, run.mlflow_run_id
    found = control().find_run(experiment_id, RUN_TAG, str(run.uuid)) if run.attempts > 1 else None
    return experiment_id, found or control().create_run(experiment_id, name=run.name, tags=_tags(run), start_time=now)


def close_tracking_run(run: Run) -> None:
    """Close the MLflow run if the job left it open. Raises TrackingUnavailable."""
    if not run.mlflow_run_id or run.ended_at is None:
        return
    try:
        control().end_run(run.mlflow_run_id, STATUS_OF[run.run_state], run.ended_at)
    except TrackingRefused:
        # Somebody has deleted it in MLflow: there is nothing left to close.
        return


def _ensure_experiment(experiment: Experiment) -> str:
    if experiment.mlflow_experiment_id:
        return experiment.mlflow_experiment_id
    experiment_id = control().ensure_experiment(experiment.mlflow_name)
    Experiment.objects.filter(pk=experiment.pk).update(mlflow_experiment_id=experiment_id)
    experiment.mlflow_experiment_id = experiment_id
    return experiment_id


def _tags(run: Run) -> dict[str, str]:
    return {
        RUN_TAG: str(run.uuid),
        PROJECT_TAG: run.project.slug,
        f"{OURS}entry_point": run.entry_point,
        "mlflow.user": run.created_by.username,
        "mlflow.source.name": run.code_url,
        "mlflow.source.git.commit": run.commit_sha,
        "mlflow.source.type": "PROJECT",
    }
