"""Experiments: editing and deleting them, here and in a real MLflow server."""

from __future__ import annotations

import httpx
import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.mlflow.tracking import tracking_client
from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects import tasks
from projects.models import Experiment, Project, RetiredExperiment
from projects.services import experiments
from runs.states import RunState
from tests.conftest import ClientOf
from tests.support.factories import make_experiment, make_run
from tests.support.mlflow_server import HEADERS, MlflowServer
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db

PAGE = "/projects/pv-yield/experiments/"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def experiment(project: Project, researcher: User) -> Experiment:
    return make_experiment(project=project, name="Baseline", created_by=researcher)


@pytest.fixture
def tracked(experiment: Experiment, settings: Settings, mlflow_server: MlflowServer) -> Experiment:
    """With an MLflow experiment of its own."""
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    experiment.mlflow_experiment_id = tracking_client().ensure_experiment(experiment.mlflow_name)
    experiment.save()
    return experiment


def in_mlflow(server: MlflowServer, experiment_id: str) -> tuple[str, str]:
    """Its name and its stage of life."""
    query = {"experiment_id": experiment_id}
    answer = httpx.get(f"{server.uri}/api/2.0/mlflow/experiments/get", params=query, headers=HEADERS, trust_env=False)
    found = answer.raise_for_status().json()["experiment"]
    return found["name"], found["lifecycle_stage"]


def test_who_added_an_experiment_edits_it(client_of: ClientOf, researcher: User, experiment: Experiment) -> None:
    client = client_of(researcher)
    assert 'value="Baseline"' in client.get(f"{PAGE}{experiment.uuid}/edit/").content.decode()
    form = {"name": "Baseline 2", "description": "With weather"}
    text = page_text(client.post(f"{PAGE}{experiment.uuid}/edit/", form, follow=True))
    assert "Baseline 2 is saved." in text
    assert "With weather" in text
    event = AuditEvent.objects.get(verb="experiment.edited")
    assert event.before == {"name": "Baseline", "description": ""}
    assert event.after == form


def test_of_others_experiments_only_maintainers_edit_and_delete(
    client_of: ClientOf, project: Project, researcher: User, maintainer: User
) -> None:
    foreign = make_experiment(project=project, created_by=maintainer)
    client = client_of(researcher)
    content = client.get(PAGE).content.decode()
    for action in ("edit", "delete"):
        assert f"{PAGE}{foreign.uuid}/{action}/" not in content
        assert client.post(f"{PAGE}{foreign.uuid}/{action}/", {"name": "Mine"}).status_code == 403
    own = make_experiment(project=project, created_by=researcher)
    assert client_of(maintainer).post(f"{PAGE}{own.uuid}/delete/").status_code == 302
    assert list(project.experiments.all()) == [foreign]


def test_a_name_that_is_taken_comes_back(
    client_of: ClientOf, project: Project, researcher: User, experiment: Experiment
) -> None:
    make_experiment(project=project, name="Other")
    client = client_of(researcher)
    response = client.post(f"{PAGE}{experiment.uuid}/edit/", {"name": "OTHER", "description": "kept"})
    assert response.status_code == 422
    assert "The project already has an experiment named OTHER." in page_text(response)
    assert client.post(f"{PAGE}{experiment.uuid}/edit/", {"name": "BASELINE"}).status_code == 302
    experiment.refresh_from_db()
    assert experiment.name == "BASELINE"


def test_an_experiment_with_runs_stays_and_says_how_many(
    client_of: ClientOf, project: Project, researcher: User, experiment: Experiment
) -> None:
    for _ in range(2):
        make_run(RunState.FINISHED, project=project, experiment=experiment, created_by=researcher)
    client = client_of(researcher)
    assert "Delete the experiment Baseline?" in page_text(client.get(f"{PAGE}{experiment.uuid}/delete/"))
    text = page_text(client.post(f"{PAGE}{experiment.uuid}/delete/", follow=True))
    assert "Baseline holds 2 runs. Delete them first; an experiment goes when it is empty." in text
    assert Experiment.objects.filter(pk=experiment.pk).exists()
    assert not AuditEvent.objects.filter(verb="experiment.deleted").exists()


def test_an_experiment_of_another_project_is_not_there(client_of: ClientOf, maintainer: User) -> None:
    foreign = make_experiment()
    assert client_of(maintainer).post(f"{PAGE}{foreign.uuid}/delete/").status_code == 404
    assert Experiment.objects.filter(pk=foreign.pk).exists()


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
    assert tracking_client().ensure_experiment(tracked.mlflow_name) == tracked.mlflow_experiment_id


def test_mlflows_experiment_goes_with_ours(tracked: Experiment, researcher: User, mlflow_server: MlflowServer) -> None:
    experiments.delete_experiment(experiment=tracked, actor=researcher, now=timezone.now())
    assert RetiredExperiment.objects.count() == 1
    tasks.sweep_experiments()
    assert in_mlflow(mlflow_server, tracked.mlflow_experiment_id)[1] == "deleted"
    assert not RetiredExperiment.objects.exists()
    # A worker that died before it said so deletes it once more.
    RetiredExperiment.objects.create(mlflow_experiment_id=tracked.mlflow_experiment_id, retired_at=timezone.now())
    tasks.sweep_experiments()
    assert not RetiredExperiment.objects.exists()


def test_while_mlflow_is_away_nothing_is_forgotten(
    tracked: Experiment, project: Project, researcher: User, settings: Settings, mlflow_server: MlflowServer
) -> None:
    other = make_experiment(project=project, mlflow_experiment_id=tracking_client().ensure_experiment("other"))
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

    client = type(tracking_client())
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
    tracking_client().delete_experiment(tracked.mlflow_experiment_id)
    experiments.edit_experiment(experiment=tracked, actor=researcher, name="New", description="", now=timezone.now())
    tasks.sweep_experiments()
    tracked.refresh_from_db()
    assert tracked.rename_due_at is None
