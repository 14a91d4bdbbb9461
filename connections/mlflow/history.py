"""All that was logged to a run, in pages: for workers that read it from MLflow once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from math import inf
from typing import Any

from connections.mlflow.own_client import OwnClient
from connections.mlflow.parsing import required
from connections.mlflow.values import LoggedPoint, LoggedTexts

_PAGE = 10_000


class History:
    """Every method raises TrackingUnavailable (try later) or TrackingRefused."""

    def __init__(self, *, uri: str, token: str = "") -> None:
        self._mlflow = OwnClient(uri=uri, token=token)

    def texts(self, run_id: str) -> LoggedTexts:
        with self._mlflow.calling("show the run") as client:
            run = client.get_run(run_id)
        required(run.info.run_id)
        return LoggedTexts(sorted(run.data.metrics), dict(run.data.params), dict(run.data.tags))

    def points(self, run_id: str, key: str) -> Iterator[list[LoggedPoint]]:
        """The points of a metric, some thousands at a time."""
        token = ""
        while True:
            with self._mlflow.calling("show the metric") as client:
                page = _store(client).get_metric_history(run_id, key, max_results=_PAGE, page_token=token)
            yield [LoggedPoint(key, _value(one.value), one.timestamp, one.step) for one in page]
            token = page.token or ""
            if not token:
                return


def _store(client: Any) -> Any:
    """What MlflowClient itself asks. It would return all pages at once."""
    return client._tracking_client.store


def _value(stored: float) -> float:
    """MLflow's database has no infinity, and keeps the largest number in place of it."""
    if abs(stored) == sys.float_info.max:
        return inf if stored > 0 else -inf
    return float(stored)
