"""What can go wrong with MLflow, in plain sentences."""

from __future__ import annotations

TOO_SLOW = "MLflow did not answer in time."
# What pages say, which wait for a shorter time than workers do.
SILENT = "MLflow does not answer at the moment."
BROKEN_OFF = "The connection to MLflow was lost."
AWAY = "MLflow cannot be reached at the moment."
NOT_WELL = "MLflow is overloaded or faulty at the moment."
NOT_LET_IN = "MLflow does not let Mantik in. Ask an operator to check MANTIK_MLFLOW_URI and MANTIK_MLFLOW_TOKEN."
NOT_MLFLOW = "The server at the address of MLflow is not MLflow. Ask an operator to check MANTIK_MLFLOW_URI."


class TrackingError(Exception):
    """`message` is a sentence for users; it never holds the server's own internals."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TrackingUnavailable(TrackingError):
    """MLflow did not answer, or had an error; try later. It may have done what was asked."""


class TrackingSilent(TrackingUnavailable):
    """MLflow did not answer in time."""


class TrackingRefused(TrackingError):
    """MLflow said no, and will say no again."""


class NotThere(TrackingRefused):
    """MLflow does not have what was asked for."""
