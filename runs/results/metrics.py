"""A run's metrics as its page draws them, read from MLflow when asked."""

from typing import Any

from connections.mlflow.errors import TrackingRefused, TrackingUnavailable
from connections.mlflow.tracking import tracking_client
from runs.models import Run

MOST_METRICS = 24
POINTS_PER_METRIC = 400


def read_metrics(run: Run) -> dict[str, Any]:
    """{"step_total", "metrics": [{"key", "last", "points": [[step, value]]}], "complete", "problem"}.

    MLflow being away is a `problem` in words, never an error of the page.
    """
    answer: dict[str, Any] = {"step_total": None, "metrics": [], "complete": run.is_terminal, "problem": None}
    if not run.mlflow_run_id:
        return answer
    try:
        answer["metrics"] = _metrics(run.mlflow_run_id)
    except TrackingUnavailable as error:
        answer |= {"problem": error.message, "complete": False}
    except TrackingRefused as error:
        answer["problem"] = error.message
    return answer


def _metrics(mlflow_run_id: str) -> list[dict[str, Any]]:
    client = tracking_client()
    latest = client.run_data(mlflow_run_id).metrics
    keys = sorted(latest)[:MOST_METRICS]
    history = client.metric_history(mlflow_run_id, keys, max_points=POINTS_PER_METRIC)
    return [{"key": key, "last": latest[key], "points": history.get(key, [])} for key in keys]
