"""A client that gets no answer sends the same again: what it asked for is made once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from mantik.idempotency.models import IdempotencyKey
from mantik.idempotency.unanswered import Begun
from projects.models import Experiment, Project
from runs.models import Run
from runs.states import RunState
from runs.tracking.gateway import making
from tests.runs.tracking.gateway.asking import API, Answer, Call, ask, token_of_job, token_of_member
from tests.runs.tracking.gateway.test_traps import answering
from tests.support import factories
from tests.support.mlflow_server import MlflowServer
from tests.support.tracked_projects import mlflow_post

pytestmark = pytest.mark.django_db
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def experiment(project: Project, mlflow_server: MlflowServer, settings: Settings) -> Experiment:
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    made = factories.make_experiment(project=project)
    made.mlflow_experiment_id = str(
        mlflow_post(mlflow_server, "experiments/create", name=made.mlflow_name)["experiment_id"]
    )
    made.save()
    return made


def create(experiment: Experiment, **more: Any) -> Call:
    """As MLflow's client sends it: without a name, and without anything that only this request has."""
    tags = [{"key": "mlflow.source.name", "value": "train.py"}]
    body = {"experiment_id": experiment.mlflow_experiment_id, "start_time": 1_700_000_000_001, "tags": tags}
    return Call("POST", f"{API}runs/create", body=body | more)


def id_in(answer: Answer) -> str:
    assert answer.status == 200, answer.text
    return str(json.loads(answer.content)["run"]["info"]["run_id"])


def in_mlflow(server: MlflowServer, experiment: Experiment) -> list[str]:
    found = mlflow_post(server, "runs/search", experiment_ids=[experiment.mlflow_experiment_id])
    return [run["info"]["run_id"] for run in found.get("runs", [])]


def test_a_run_that_mlflow_did_not_answer_for_is_started_once(
    experiment: Experiment, researcher: Any, mlflow_server: MlflowServer, settings: Settings
) -> None:
    token, call = token_of_member(researcher), create(experiment)
    settings.MANTIK_MLFLOW_URI = NOWHERE
    assert [ask(token, call).status for _ in range(3)] == [503, 503, 503]
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    made = id_in(ask(token, call))
    (run,) = Run.objects.all()
    assert (run.state, run.mlflow_run_id) == (RunState.RUNNING, made)
    assert in_mlflow(mlflow_server, experiment) == [made]
    assert not IdempotencyKey.objects.exists()


def test_a_run_whose_answer_was_lost_is_started_once(
    experiment: Experiment, researcher: Any, mlflow_server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow has made it, and the client has gone."""
    token, call = token_of_member(researcher), create(experiment)
    _lose_answers(monkeypatch)
    lost = id_in(ask(token, call))
    monkeypatch.undo()
    assert id_in(ask(token, call)) == lost
    assert in_mlflow(mlflow_server, experiment) == [lost]
    assert Run.objects.count() == 1


def _lose_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    settle = making._settle

    def settle_without_client(begun: Begun, status: int, undo: Callable[[], None], _is_there: bool) -> None:
        settle(begun, status, undo, False)

    monkeypatch.setattr(making, "_settle", settle_without_client)


def test_programs_that_start_in_the_same_millisecond_have_a_run_each(
    experiment: Experiment, researcher: Any, mlflow_server: MlflowServer, settings: Settings
) -> None:
    token, call = token_of_member(researcher), create(experiment)
    answered = [id_in(ask(token, call)) for _ in range(2)]
    assert len(set(answered)) == Run.objects.count() == 2


@pytest.mark.parametrize("what", ["child", "child of a job", "model"])
def test_what_belongs_to_a_run_is_made_once(
    experiment: Experiment, researcher: Any, mlflow_server: MlflowServer, settings: Settings, what: str
) -> None:
    token = token_of_member(researcher)
    id_in(ask(token, create(experiment)))
    (run,) = Run.objects.all()
    above = [{"key": "mlflow.parentRunId", "value": run.mlflow_run_id}]
    call = create(experiment, tags=above)
    if what == "child of a job":
        token = token_of_job(run)
    if what == "model":
        body = {"experiment_id": experiment.mlflow_experiment_id, "source_run_id": run.mlflow_run_id, "name": "forest"}
        call = Call("POST", f"{API}logged-models", body=body)
    settings.MANTIK_MLFLOW_URI = NOWHERE
    assert [ask(token, call).status for _ in range(2)] == [503, 503]
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    assert ask(token, call).status == 200
    assert run.tracked_items.count() == 1
    # Now it means another one.
    assert ask(token, call).status == 200
    assert run.tracked_items.count() == 2


def test_what_mlflow_refuses_to_make_leaves_nothing(
    experiment: Experiment, researcher: Any, settings: Settings
) -> None:
    run = factories.make_run(RunState.RUNNING, mlflow_experiment_id="7", mlflow_run_id="ab" * 16)
    refusal = b'{"error_code": "INVALID_PARAMETER_VALUE", "message": "No."}'
    with answering(settings, 400, "application/json", refusal):
        assert ask(token_of_member(researcher), create(experiment)).status == 400
        assert ask(token_of_job(run), create(experiment)).status == 400
    assert list(Run.objects.all()) == [run]
    assert not run.tracked_items.exists()
    assert not IdempotencyKey.objects.exists()


def test_a_run_that_was_ended_meanwhile_is_not_begun_twice(
    experiment: Experiment, researcher: Any, mlflow_server: MlflowServer, settings: Settings
) -> None:
    token, call = token_of_member(researcher), create(experiment)
    settings.MANTIK_MLFLOW_URI = NOWHERE
    assert ask(token, call).status == 503
    Run.objects.all().delete()
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    answer = ask(token, call)
    assert answer.status == 400
    assert "Start another one." in answer.text
