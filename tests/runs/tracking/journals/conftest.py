from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from runs.states import RunState
from runs.tracking.mlflow_run import ensure_tracking_run
from tests.runs.tracking.journals.jobs import Job, NewJob
from tests.support import factories
from tests.support.mlflow_server import MlflowServer


@pytest.fixture
def new_job(db: None, settings: Settings, mlflow_server: MlflowServer, tmp_path: Path) -> NewJob:
    """With an MLflow run, and nothing logged."""
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    folders = (tmp_path / f"job-{number}" for number in count())

    def made() -> Job:
        run = factories.make_run(RunState.RUNNING)
        run.mlflow_experiment_id, run.mlflow_run_id = ensure_tracking_run(run, now=timezone.now())
        run.save()
        folder = next(folders)
        folder.mkdir()
        return Job(run, mlflow_server, folder)

    return made


@pytest.fixture
def job(new_job: NewJob) -> Job:
    return new_job()
