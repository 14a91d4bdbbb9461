from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pytest_django.fixtures import Settings

from connections.mlflow.values import ModelSource
from mantik.accounts.models import User
from projects.models import Project
from runs.models import RegisteredModel, Run
from runs.registered_models import services, worker
from runs.states import RunState
from runs.tracking.mlflow_run import ensure_tracking_run
from tests.support import factories
from tests.support.logged_models import log_metric, log_model
from tests.support.mlflow_server import MlflowServer

NOW = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def mlflow(settings: Settings, mlflow_server: MlflowServer) -> str:
    """Where the real MLflow server is; Mantik uses it."""
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    return mlflow_server.uri


@pytest.fixture
def run(mlflow: str, project: Project, ada: User) -> Run:
    """Finished, with a metric, and without a model."""
    return finished_run(mlflow, project, ada)


def finished_run(uri: str, project: Project, member: User, **columns: object) -> Run:
    made = factories.make_run(RunState.FINISHED, project=project, created_by=member, **columns)
    made.mlflow_experiment_id, made.mlflow_run_id = ensure_tracking_run(made, now=NOW)
    made.save()
    log_metric(uri, made, "accuracy", 0.93)
    return made


@pytest.fixture
def logged(mlflow: str, run: Run) -> ModelSource:
    """A model that the run has logged as MLflow 3 does."""
    return ModelSource(run.mlflow_run_id, model_id=log_model(mlflow, run))


def register(run: Run, actor: User, source: ModelSource, name: str = "yield-forecast") -> RegisteredModel:
    return services.register_model(run=run, actor=actor, name=name, description="", source=source, now=NOW)


def tend(model: RegisteredModel, now: datetime = NOW) -> RegisteredModel | None:
    """Do what a worker does that gets the message. Returns the row after that, None if it is deleted."""
    worker.tend(model_id=model.pk, clock=lambda: now)
    return RegisteredModel.objects.select_related("project", "run__project").filter(pk=model.pk).first()


@pytest.fixture
def model(run: Run, ada: User, logged: ModelSource) -> RegisteredModel:
    """Registered."""
    made = tend(register(run, ada, logged))
    assert made
    assert made.is_registered
    return made
