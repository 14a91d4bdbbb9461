"""Whoever deletes a run may have its MLflow run deleted, too: workers do so, and say it; with a real MLflow."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.mlflow.for_workers import control
from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects.models import Project
from runs import services, tasks
from runs.models import RetiredRun, Run
from runs.states import RunState
from runs.tracking.mlflow_run import ensure_tracking_run
from tests.support.factories import make_run, make_tracked_item, retire_run
from tests.support.mlflow_server import MlflowServer
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def run(project: Project, researcher: User, settings: Settings, mlflow_server: MlflowServer) -> Run:
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    made = make_run(RunState.FINISHED, project=project, created_by=researcher, name="nightly")
    made.mlflow_experiment_id, made.mlflow_run_id = ensure_tracking_run(made, now=timezone.now())
    made.save()
    return made


@pytest.fixture
def by_her(client: Client, researcher: User) -> Client:
    client.force_login(researcher)
    return client


def is_in_bin(run: Run, mlflow_run_id: str = "") -> bool:
    """Searches of MLflow find only what is not in the bin."""
    wanted = mlflow_run_id or run.mlflow_run_id
    return control().find_run(run.mlflow_experiment_id, "mantik.run", str(run.uuid)) != wanted


def delete_url(run: Run) -> str:
    return reverse("runs:delete", args=[run.project.slug, run.uuid])


def test_it_is_offered_and_done(run: Run, by_her: Client) -> None:
    page = by_her.get(delete_url(run))
    assert "Delete its metrics and artifacts in MLflow, too" in page_text(page)
    # The choice stands in the form that asks, between its beginning and its button.
    question = page.content.decode().partition('<form class="confirm"')[2].partition("</form>")[0]
    assert 'name="in_mlflow"' in question
    assert "btn-danger" in question
    answer = by_her.post(delete_url(run), {"in_mlflow": "on"}, follow=True)
    assert "nightly was deleted. Workers now delete it in MLflow." in page_text(answer)
    assert AuditEvent.objects.get(verb="run.deleted").after == {"in MLflow": "to be deleted"}
    assert not is_in_bin(run)
    for _ in range(2):
        tasks.sweep_retired_runs()
    assert is_in_bin(run)
    assert not RetiredRun.objects.exists()
    event = AuditEvent.objects.get(verb="run.deleted_in_mlflow")
    assert (event.target_name, event.target_uuid, event.actor) == ("nightly", run.uuid, None)
    assert event.before == {"MLflow run": run.mlflow_run_id}
    # A worker that died before it said so deletes it once more.
    retire_run(run)
    tasks.sweep_retired_runs()
    assert not RetiredRun.objects.exists()


def test_unless_somebody_chooses_that_it_stays(run: Run, by_her: Client) -> None:
    answer = by_her.post(delete_url(run), follow=True)
    assert "in MLflow" not in page_text(answer)
    tasks.sweep_retired_runs()
    assert not is_in_bin(run)


def test_it_is_not_offered_for_a_run_that_has_nothing_there(project: Project, researcher: User, by_her: Client) -> None:
    run = make_run(RunState.CANCELLED, project=project, created_by=researcher)
    assert "in MLflow, too" not in page_text(by_her.get(delete_url(run)))
    services.delete_run(run=run, actor=researcher, now=timezone.now(), in_mlflow=True)
    assert not RetiredRun.objects.exists()


def test_its_child_runs_go_with_it(run: Run, researcher: User) -> None:
    child = control().create_run(run.mlflow_experiment_id, name="fold 1", tags={}, start_time=timezone.now())
    make_tracked_item(run, mlflow_id=child)
    services.delete_run(run=run, actor=researcher, now=timezone.now(), in_mlflow=True)
    assert {one.mlflow_run_id for one in RetiredRun.objects.all()} == {run.mlflow_run_id, child}
    tasks.sweep_retired_runs()
    assert is_in_bin(run)
    assert not RetiredRun.objects.exists()


def test_while_mlflow_is_away_it_waits(
    run: Run, researcher: User, settings: Settings, mlflow_server: MlflowServer
) -> None:
    services.delete_run(run=run, actor=researcher, now=timezone.now() - timedelta(hours=1), in_mlflow=True)
    settings.MANTIK_MLFLOW_URI = NOWHERE
    tasks.sweep_retired_runs()
    assert RetiredRun.objects.count() == 1
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    tasks.sweep_retired_runs()
    assert is_in_bin(run)


def test_what_mlflow_refuses_is_on_record(run: Run) -> None:
    retire_run(run, mlflow_run_id="no such id: %")
    tasks.sweep_retired_runs()
    assert not RetiredRun.objects.exists()
    assert AuditEvent.objects.filter(verb__in=["run.kept_in_mlflow", "run.deleted_in_mlflow"]).count() == 1


def test_a_run_that_is_not_deleted_keeps_what_it_has(
    run: Run, researcher: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_run: Run) -> None:
        raise IntegrityError("the row is needed")

    monkeypatch.setattr(Run, "delete", fail)
    with pytest.raises(IntegrityError):
        services.delete_run(run=run, actor=researcher, now=timezone.now(), in_mlflow=True)
    assert not RetiredRun.objects.exists()


def test_the_deletion_of_its_project_changes_nothing(run: Run, researcher: User, project: Project) -> None:
    services.delete_run(run=run, actor=researcher, now=timezone.now(), in_mlflow=True)
    RetiredRun.objects.update(project=None)
    tasks.sweep_retired_runs()
    assert AuditEvent.objects.get(verb="run.deleted_in_mlflow").project_uuid is None
