from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from connections.mlflow.control import Control
from connections.mlflow.tracking import TrackingClient
from tests.support.mlflow_server import TOKEN, MlflowServer

START = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture
def control(mlflow_server: MlflowServer) -> Control:
    return Control(uri=mlflow_server.uri, token=TOKEN)


@pytest.fixture
def client(mlflow_server: MlflowServer) -> Iterator[TrackingClient]:
    made = TrackingClient(uri=mlflow_server.uri, token=TOKEN)
    yield made
    made.close()


@pytest.fixture
def experiment_id(control: Control, request: pytest.FixtureRequest) -> str:
    return control.ensure_experiment(f"p1/{request.node.name}")


@pytest.fixture
def run_id(control: Control, experiment_id: str) -> str:
    return control.create_run(experiment_id, name="nightly", tags={"mantik.run": "abc"}, start_time=START)
