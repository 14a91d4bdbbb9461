"""What can go wrong with MLflow, in plain sentences."""

from __future__ import annotations


class TrackingError(Exception):
    """`message` is a sentence for users; it never holds the server's own internals."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TrackingUnavailable(TrackingError):
    """MLflow did not answer, or is not well; try later. What was asked for may have been done."""


class TrackingRefused(TrackingError):
    """MLflow said no, and will say so again."""


class NotThere(TrackingRefused):
    """MLflow does not have what was asked for."""
