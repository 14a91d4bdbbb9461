"""A run's artifacts, read from a real MLflow server; and its end there."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import httpx
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from projects.roles import Role
from runs.models import Run
from runs.states import RunState
from runs.tracking.mlflow_run import close_tracking_run, ensure_tracking_run
from tests.support import factories
from tests.support.mlflow_server import HEADERS, MlflowServer
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(settings: Settings, mlflow_server: MlflowServer) -> Run:
    """With an MLflow run of its own."""
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    made = factories.make_run(RunState.RUNNING)
    made.mlflow_experiment_id, made.mlflow_run_id = ensure_tracking_run(made, now=timezone.now())
    made.save()
    return made


def put_artifact(uri: str, run: Run, path: str, content: bytes) -> None:
    place = f"{run.mlflow_experiment_id}/{run.mlflow_run_id}/artifacts/{path}"
    url = f"{uri}/api/2.0/mlflow-artifacts/artifacts/{place}"
    httpx.put(url, content=io.BytesIO(content).read(), headers=HEADERS, trust_env=False).raise_for_status()


def client_of(run: Run, role: Role) -> Client:
    client = Client()
    client.force_login(factories.join(run.project, role))
    return client


def url(name: str, run: Run) -> str:
    return reverse(f"runs:{name}", args=[run.project.slug, run.uuid])


def test_mlflow_being_away_is_a_sentence_and_not_an_error(run: Run, settings: Settings) -> None:
    settings.MANTIK_MLFLOW_URI = "http://127.0.0.1:9"

    assert client_of(run, Role.GUEST).get(url("metrics", run)).json()["problem"] is None
    answer = client_of(run, Role.GUEST).get(url("detail", run), {"tab": "artifacts"})
    assert answer.status_code == 200
    assert "MLflow" in page_text(answer)


def test_artifacts_are_listed_by_folder_and_downloaded_as_files(run: Run, mlflow_server: MlflowServer) -> None:
    put_artifact(mlflow_server.uri, run, "plots/matrix.html", b"<script>alert(1)</script>")
    put_artifact(mlflow_server.uri, run, "notes.txt", b"hello")
    client = client_of(run, Role.REPORTER)

    top = client.get(url("detail", run), {"tab": "artifacts"}).content.decode()
    folder = client.get(url("detail", run), {"tab": "artifacts", "path": "plots"}).content.decode()
    download = client.get(url("artifact", run), {"path": "plots/matrix.html"})

    assert "notes.txt" in top
    assert "path=plots" in top
    assert "matrix.html" in folder
    assert b"".join(download.streaming_content) == b"<script>alert(1)</script>"  # type: ignore[attr-defined]
    assert download["Content-Disposition"] == 'attachment; filename="matrix.html"'
    assert download["Content-Security-Policy"] == "sandbox"
    assert download["X-Content-Type-Options"] == "nosniff"


def test_artifacts_that_are_not_listed_are_counted(
    run: Run, mlflow_server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        put_artifact(mlflow_server.uri, run, name, b"hello")
    client = client_of(run, Role.REPORTER)
    whole = page_text(client.get(url("detail", run), {"tab": "artifacts"}))
    monkeypatch.setattr("runs.results.artifacts.MOST_SHOWN", 1)

    cut = page_text(client.get(url("detail", run), {"tab": "artifacts"}))

    assert "in this folder" not in whole
    assert "b.txt" not in cut
    assert (
        "2 more are in this folder and cannot be shown here. Ask an operator for them, or let the "
        "training log its artifacts into subfolders." in cut
    )


@pytest.mark.parametrize(("role", "status"), [(Role.GUEST, 403), (Role.REPORTER, 200)])
def test_who_may_download(run: Run, mlflow_server: MlflowServer, role: Role, status: int) -> None:
    put_artifact(mlflow_server.uri, run, "notes.txt", b"hello")

    answer = client_of(run, role).get(url("artifact", run), {"path": "notes.txt"})

    assert answer.status_code == status


@pytest.mark.parametrize("path", ["", "../secret", "/etc/passwd", "a/../../b", "nothing.txt", "a\nb"])
def test_a_path_that_leads_elsewhere_or_nowhere_is_not_found(run: Run, path: str) -> None:
    assert client_of(run, Role.OWNER).get(url("artifact", run), {"path": path}).status_code == 404


def test_the_same_mlflow_run_is_found_again_after_a_worker_died(run: Run) -> None:
    forgotten = Run.objects.get(pk=run.pk)
    forgotten.mlflow_run_id, forgotten.attempts = "", 2

    assert ensure_tracking_run(forgotten, now=timezone.now())[1] == run.mlflow_run_id


def test_a_run_that_ended_otherwise_is_closed_in_mlflow(run: Run, mlflow_server: MlflowServer) -> None:
    run.state, run.ended_at = RunState.CANCELLED, datetime(2026, 11, 25, 12, tzinfo=UTC)

    close_tracking_run(run)

    url = f"{mlflow_server.uri}/api/2.0/mlflow/runs/get"
    answer = httpx.get(url, params={"run_id": run.mlflow_run_id}, headers=HEADERS, trust_env=False)
    assert answer.json()["run"]["info"]["status"] == "KILLED"
