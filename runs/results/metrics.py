"""Reads the metrics of a run from MLflow, for the charts of its page."""

from typing import Any

from connections.mlflow.errors import TrackingRefused, TrackingUnavailable
from connections.mlflow.tracking import tracking_client
from runs.models import Run

# How many metrics, and how many points of each, a page gets.
MOST_METRICS = 24
POINTS_PER_METRIC = 400


def read_metrics(run: Run) -> dict[str, Any]:
    """{"metrics": [{"key", "last", "points": [[step, value]]}], "more", "complete", "problem"}.

    `more`: how many metrics of the run are left out. `complete`: nothing will change any more, so the page stops
    asking. If MLflow does not answer, `problem` says so, beside what it has answered; the page itself does not fail.
    """
    answer: dict[str, Any] = {"metrics": [], "more": 0, "complete": run.is_terminal, "problem": None}
    if not run.mlflow_run_id:
        return answer
    try:
        _read_into(answer, run.mlflow_run_id)
    except TrackingUnavailable as error:
        answer |= {"problem": error.message, "complete": False}
    except TrackingRefused as error:
        answer["problem"] = error.message
    return answer


def _read_into(answer: dict[str, Any], mlflow_run_id: str) -> None:
    """The first metrics by name, one after the other, and how many more there are."""
    client = tracking_client()
    latest = client.run_data(mlflow_run_id).metrics
    keys = sorted(latest)[:MOST_METRICS]
    answer["more"] = len(latest) - len(keys)
    for key in keys:
        points = client.metric_history(mlflow_run_id, key, max_points=POINTS_PER_METRIC)
        answer["metrics"].append({"key": key, "last": latest[key], "points": points})
