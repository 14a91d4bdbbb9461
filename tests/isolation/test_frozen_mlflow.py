"""Pages beside an MLflow that stands still: each says so, once for all of them, and is whole again when it goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections.mlflow import breaker
from connections.mlflow.errors import SILENT
from connections.mlflow.values import ModelSource
from mantik.accounts.models import User
from mantik.lib import patience
from mantik.tokens.models import Scope
from mantik.tokens.services import make_token
from projects.roles import Role
from runs.models import RegisteredModel, Run
from runs.states import RunState
from runs.tracking.mlflow_run import ensure_tracking_run
from tests.runs.registered_models.conftest import register, tend
from tests.support import factories
from tests.support.logged_models import FILES, log_model
from tests.support.mlflow_server import HEADERS, MlflowServer
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db


@contextmanager
def frozen(server: MlflowServer) -> Iterator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


@pytest.fixture
def run(settings: Settings, mlflow_server: MlflowServer) -> Run:
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    made = factories.make_run(RunState.FINISHED)
    made.mlflow_experiment_id, made.mlflow_run_id = ensure_tracking_run(made, now=timezone.now())
    made.save()
    put(mlflow_server, made, "notes.txt")
    factories.log_to(made, 0.5)
    return made


def put(server: MlflowServer, run: Run, path: str) -> None:
    place = f"{run.mlflow_experiment_id}/{run.mlflow_run_id}/artifacts/{path}"
    url = f"{server.uri}/api/2.0/mlflow-artifacts/artifacts/{place}"
    httpx.put(url, content=b"hello", headers=HEADERS, trust_env=False).raise_for_status()


@pytest.fixture
def member(run: Run) -> Client:
    client = Client()
    client.force_login(factories.join(run.project, Role.REPORTER))
    return client


def page(client: Client, run: Run, name: str, **query: str) -> Any:
    return client.get(reverse(f"runs:{name}", args=[run.project.slug, run.uuid]), query, follow=True)


def test_what_depends_on_it_says_so_and_comes_back(
    run: Run, member: Client, mlflow_server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "PAUSE_SECONDS", 600.0)
    with frozen(mlflow_server):
        charts = page(member, run, "metrics").json()
        files = page(member, run, "detail", tab="artifacts")
        # From here on, nobody waits: there is no time to.
        monkeypatch.setattr(patience, "PAGE_SECONDS", 600.0)
        download = page(member, run, "artifact", path="notes.txt")
    # Metrics are drawn from our own rows.
    assert [metric["key"] for metric in charts["metrics"]] == ["loss"]
    assert charts["problem"] is None
    assert SILENT in page_text(files)
    assert 'hx-trigger="every 5s"' in _section(files)
    assert SILENT in page_text(download)

    breaker.breaker_of(mlflow_server.uri)._next_try_at = 0.0
    files = page(member, run, "detail", tab="artifacts")
    assert "notes.txt" in page_text(files)
    assert "hx-trigger" not in _section(files)


def test_what_pages_give_up_does_not_fail_a_client_that_loads_a_model(
    run: Run, member: Client, mlflow_server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks for several files at once and waits for them; told that MLflow is silent, it would end in an error."""
    monkeypatch.setattr(breaker, "PAUSE_SECONDS", 600.0)
    ada = factories.join(run.project, Role.RESEARCHER)
    model = tend(register(run, ada, ModelSource(run.mlflow_run_id, model_id=log_model(mlflow_server.uri, run))))
    assert model is not None
    with frozen(mlflow_server):
        page(member, run, "detail", tab="artifacts")
    # From here on, pages ask nothing of MLflow, and have no time for its answer.
    monkeypatch.setattr(patience, "PAGE_SECONDS", 0.0)
    assert SILENT in page_text(page(member, run, "artifact", path="notes.txt"))
    answer = load(ada, model, "MLmodel")
    assert (answer.status_code, b"".join(answer.streaming_content)) == (200, FILES["MLmodel"])


def load(user: User, model: RegisteredModel, path: str) -> Any:
    """As MLflow's client does."""
    now = timezone.now()
    _, token = make_token(user=user, name="notebook", scope=Scope.READ, expires_at=now + timedelta(days=1), now=now)
    url = f"/tracking/api/2.0/mlflow-artifacts/artifacts/models/{model.uuid}/{path}"
    return Client().get(url, headers={"authorization": f"Bearer {token}"})


def _section(response: Any) -> str:
    """The tag of the panel of artifacts."""
    before, _, after = response.content.decode().partition('id="artifacts"')
    assert before
    return str(after.partition(">")[0])
