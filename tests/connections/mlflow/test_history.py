"""All that was logged to a run is read in pages."""

from __future__ import annotations

import math

import pytest

from connections.mlflow import history
from connections.mlflow.errors import NotThere
from connections.mlflow.history import History
from connections.mlflow.values import LoggedPoint
from tests.connections.mlflow.job import Job
from tests.support.mlflow_server import TOKEN, MlflowServer

MISSING = "0" * 32


@pytest.fixture
def reader(mlflow_server: MlflowServer) -> History:
    return History(uri=mlflow_server.uri, token=TOKEN)


def points(reader: History, run_id: str, key: str) -> list[LoggedPoint]:
    return [point for page in reader.points(run_id, key) for point in page]


def test_a_long_history_comes_whole_in_pages(
    reader: History, run_id: str, mlflow_server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_PAGE", 300)
    Job(mlflow_server, run_id).log([("loss", step / 2, step) for step in range(1000)])

    pages = list(reader.points(run_id, "loss"))

    assert [len(page) for page in pages if page] == [300, 300, 300, 100]
    found = sorted((point.step, point.value) for page in pages for point in page)
    assert found == [(step, step / 2) for step in range(1000)]


def test_what_is_no_finite_number_is_what_was_logged(reader: History, run_id: str, mlflow_server: MlflowServer) -> None:
    Job(mlflow_server, run_id).log([("odd", "NaN", 0), ("odd", "Infinity", 1), ("odd", "-Infinity", 2)])

    nan, above, below = sorted(points(reader, run_id, "odd"), key=lambda point: point.step)

    assert math.isnan(nan.value)
    assert (above.value, below.value) == (math.inf, -math.inf)


def test_it_tells_what_there_is(reader: History, run_id: str, mlflow_server: MlflowServer) -> None:
    Job(mlflow_server, run_id).log([("b", 1.0, 0), ("a/b c", 1.0, 0)], {"alpha": "0.1"})

    found = reader.texts(run_id)

    assert (found.metrics, found.params) == (["a/b c", "b"], {"alpha": "0.1"})
    assert points(reader, run_id, "none") == []


def test_a_run_that_is_not_there_is_said(reader: History) -> None:
    with pytest.raises(NotThere):
        reader.texts(MISSING)
