"""What becomes of members' experiments in a real MLflow server."""

from __future__ import annotations

import httpx
import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.mlflow.for_workers import control
from mantik.accounts.models import User
from projects import tasks
from projects.models import Experiment, Project, RetiredExperiment
from projects.services import experiments
from tests.support.factories import make_experiment, retire_experiment
from tests.support.mlflow_server import HEADERS, MlflowServer

pytestmark = pytest.mark.django_db

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def tracked(project: Project, researcher: User, settings: Settings, mlflow_server: MlflowServer) -> Experiment:
    """With an MLflow experiment of its own."""
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    experiment = make_experiment(project=project, name="Baseline", created_by=researcher)
    experiment.mlflow_experiment_id = control().ensure_experiment(experiment.mlflow_name)
    experiment.save()
    return experiment


def in_mlflow(server: MlflowServer, experiment_id: str) -> tuple[str, str]:
    """Its name and its stage of life."""
    query = {"experiment_id": experiment_id}
    answer = httpx.get(f"{server.uri}/api/2.0/mlflow/experiments/get", params=query, headers=HEADERS, trust_env=False)
    found = answer.raise_for_status().json()["experiment"]
    return found["name"], found["lifecycle_stage"]


def test_mlflow_learns_the_new_name(tracked: Experiment, researcher: User, mlflow_server: MlflowServer) -> None:
    experiments.edit_experiment(
        experiment=tracked, actor=researcher, name="Sea spray", description="", now=timezone.now()
    )
    for _ in range(2):
        tasks.sweep_experiments()
    tracked.refresh_from_db()
    assert tracked.rename_due_at is None
    name, stage = in_mlflow(mlflow_server, tracked.mlflow_experiment_id)
    assert (name, stage) == (f"pv-yield/Sea spray ({tracked.uuid})", "active")
    assert control().ensure_experiment(tracked.mlflow_name) == tracked.mlflow_experiment_id


def test_mlflows_experiment_goes_with_ours(tracked: Experiment, researcher: User, mlflow_server: MlflowServer) -> None:
    experiments.delete_experiment(experiment=tracked, actor=researcher, now=timezone.now())
    assert RetiredExperiment.objects.count() == 1
    tasks.sweep_experiments()
    assert in_mlflow(mlflow_server, tracked.mlflow_experiment_id)[1] == "deleted"
    assert not RetiredExperiment.objects.exists()
    # A worker that died before it said so deletes it once more.
    retire_experiment(tracked.mlflow_experiment_id)
    tasks.sweep_experiments()
    assert not RetiredExperiment.objects.exists()


def test_while_mlflow_is_away_nothing_is_forgotten(
    tracked: Experiment, project: Project, researcher: User, settings: Settings, mlflow_server: MlflowServer
) -> None:
    other = make_experiment(project=project, mlflow_experiment_id=control().ensure_experiment("other"))
    settings.MANTIK_MLFLOW_URI = NOWHERE
    experiments.edit_experiment(experiment=tracked, actor=researcher, name="New", description="", now=timezone.now())
    experiments.delete_experiment(experiment=other, actor=researcher, now=timezone.now())
    tasks.sweep_experiments()
    tracked.refresh_from_db()
    assert tracked.rename_due_at is not None
    assert RetiredExperiment.objects.count() == 1
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    tasks.sweep_experiments()
    assert in_mlflow(mlflow_server, tracked.mlflow_experiment_id)[0] == f"pv-yield/New ({tracked.uuid})"
    assert in_mlflow(mlflow_server, other.mlflow_experiment_id)[1] == "deleted"


def test_a_name_given_while_mlflow_was_told_the_last_one_is_told_next(
    tracked: Experiment, researcher: User, monkeypatch: pytest.MonkeyPatch, mlflow_server: MlflowServer
) -> None:
    def rename(name: str) -> None:
        experiments.edit_experiment(experiment=tracked, actor=researcher, name=name, description="", now=timezone.now())

    client = type(control())
    tell = client.rename_experiment

    def tell_slowly(self: object, experiment_id: str, name: str) -> None:
        tell(self, experiment_id, name)  # type: ignore[arg-type]
        monkeypatch.setattr(client, "rename_experiment", tell)
        rename("Second")

    monkeypatch.setattr(client, "rename_experiment", tell_slowly)
    rename("First")
    tasks.sweep_experiments()
    assert "First" in in_mlflow(mlflow_server, tracked.mlflow_experiment_id)[0]
    tasks.sweep_experiments()
    assert "Second" in in_mlflow(mlflow_server, tracked.mlflow_experiment_id)[0]


def test_what_was_deleted_in_mlflow_behind_our_back_holds_nothing_up(
    tracked: Experiment, researcher: User, mlflow_server: MlflowServer
) -> None:
    control().delete_experiment(tracked.mlflow_experiment_id)
    experiments.edit_experiment(experiment=tracked, actor=researcher, name="New", description="", now=timezone.now())
    tasks.sweep_experiments()
    tracked.refresh_from_db()
    assert tracked.rename_due_at is None
