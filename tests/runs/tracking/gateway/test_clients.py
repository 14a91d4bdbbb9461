"""Unmodified clients of MLflow, from the oldest that is in use to the newest, against the real gateway and MLflow."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from mantik.accounts.models import User
from mantik.tokens.models import Scope
from mantik.tokens.services import make_token
from projects.models import Project
from runs.models import RegisteredModel, Run
from runs.registered_models.services import set_alias
from runs.states import RunState
from tests.runs.tracking.gateway.client_table import NAMES, expected
from tests.support import factories
from tests.support.client_tables import CLIENTS, MISSING, OK, UNKNOWN_TO_IT, table
from tests.support.mlflow_clients import python_with
from tests.support.mlflow_server import TOKEN, MlflowServer
from tests.support.places import TOP
from tests.support.proofs import Proved, sample
from tests.support.web_server import WebServer, web_server

# What the gateway writes is tried on both databases without a client.
pytestmark = pytest.mark.any_database
OPERATIONS = Path(__file__).with_name("client_operations.py")
# What a client says of a call, or of an address, that it does not know.
NOT_UNDERSTOOD = (*UNKNOWN_TO_IT, "MlflowException: Not a proper models:/")


@pytest.fixture(scope="session", params=sample(list(CLIENTS), one_in=3))
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Its name, and the path of a Python that has it."""
    return request.param, python_with(CLIENTS[request.param], tmp_path_factory)


@pytest.fixture
def web(transactional_db: None, tmp_path: Path, mlflow_server: MlflowServer) -> Iterator[WebServer]:
    with web_server(tmp_path, MANTIK_MLFLOW_URI=mlflow_server.uri, MANTIK_MLFLOW_TOKEN=TOKEN) as server:
        yield server


@pytest.fixture
def results(
    client: tuple[str, str], web: WebServer, project: Project, ada: User, model: RegisteredModel
) -> dict[str, str]:
    factories.make_experiment(project=project, name="Baseline ü")
    now = timezone.now()
    set_alias(model=model, actor=ada, alias="champion", now=now)
    _, token = make_token(user=ada, name="notebook", scope=Scope.SUBMIT, expires_at=now + timedelta(days=1), now=now)
    return asked(client[1], web, token, EXPERIMENT="Baseline ü", MODEL=model.registry_name)


def asked(python: str, web: WebServer, token: str, **more: str) -> dict[str, str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "MANTIK_"))},
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{web.port}/tracking/",
        "MLFLOW_TRACKING_TOKEN": token,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        **more,
    }
    done = subprocess.run(
        [python, str(OPERATIONS)], env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.stdout, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.timeout(900)
def test_every_operation_works_or_is_refused_with_what_to_do(
    client: tuple[str, str], results: dict[str, str], project: Project, proved: Proved
) -> None:
    assert set(results) == set(NAMES)
    wrong = {name: result for name, result in results.items() if not _is_as_expected(client[0], name, result)}
    proved(operations=len(results), wrong=len(wrong))
    assert wrong == {}

    local: Any = project.runs.filter(origin=Run.Origin.LOCAL)
    assert {one.name: one.state for one in local if one.name in ("from a client", "logged to")} == {
        "from a client": RunState.FINISHED,
        "logged to": RunState.FINISHED,
    }


def _is_as_expected(client: str, name: str, result: str) -> bool:
    wanted = expected(client, name)
    if wanted == MISSING:
        return result.startswith(NOT_UNDERSTOOD)
    return result == OK if wanted == OK else wanted in result


def test_the_documents_say_the_same() -> None:
    assert table(NAMES, expected) in (TOP / "docs" / "tracking.md").read_text()
