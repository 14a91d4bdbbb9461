"""What was logged to the MLflow runs of a run, in its order, until it is taken in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connections.mlflow.values import LoggedPoint
from runs.models import Run
from runs.tracking.summaries.buckets import Point
from runs.tracking.summaries.take_in import take_in
from runs.tracking.summaries.texts import take_in_params, take_in_tags


class Logged:
    """`add` methods take the id of the MLflow run that MLflow has accepted it for: of the run, or of a child below."""

    def __init__(self) -> None:
        self._points: list[tuple[str, LoggedPoint]] = []
        self._params: dict[str, dict[str, str]] = {}
        # None: the tag was deleted.
        self._tags: dict[str, dict[str, str | None]] = {}

    def __bool__(self) -> bool:
        return bool(self._points or self._params or self._tags)

    def add_points(self, mlflow_id: str, points: Iterable[LoggedPoint]) -> None:
        self._points += [(mlflow_id, point) for point in points]

    def add_params(self, mlflow_id: str, params: Mapping[str, str]) -> None:
        """A param stays as it is."""
        if params:
            there = self._params.setdefault(mlflow_id, {})
            there |= {key: value for key, value in params.items() if key not in there}

    def add_tags(self, mlflow_id: str, tags: Mapping[str, str | None]) -> None:
        """A tag that is None was deleted."""
        if tags:
            self._tags.setdefault(mlflow_id, {}).update(tags)

    def update(self, other: Logged) -> None:
        """Add what was logged after this."""
        self._points += other._points
        for mlflow_id, params in other._params.items():
            self.add_params(mlflow_id, params)
        for mlflow_id, tags in other._tags.items():
            self.add_tags(mlflow_id, tags)

    def take_in(self, run: Run) -> None:
        """In a transaction."""

        def owner(mlflow_id: str) -> str:
            return "" if mlflow_id == run.mlflow_run_id else mlflow_id

        take_in(run, (_point(owner(mlflow_id), point) for mlflow_id, point in self._points))
        take_in_params(run, {owner(mlflow_id): params for mlflow_id, params in self._params.items()})
        take_in_tags(run, {owner(mlflow_id): tags for mlflow_id, tags in self._tags.items()})


def _point(owner: str, point: LoggedPoint) -> Point:
    return Point(owner, point.key, point.value, point.timestamp, point.step)
