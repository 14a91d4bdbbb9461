"""Nobody writes to a run that is over, but for the last entries of its own job."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from mantik.tokens.models import Scope
from projects.models import Experiment
from projects.roles import Role
from runs.models import Run
from runs.states import RunState
from tests.runs.tracking.gateway.asking import API, Answer, Call, ask, token_of_job, token_of_member
from tests.support import factories

pytestmark = pytest.mark.django_db
RUN_ID = "ab" * 16
OVER = [RunState.FINISHED, RunState.FAILED, RunState.CANCELLED, RunState.LOST]
WRITES: dict[str, dict[str, Any]] = {
    "log-metric": {"key": "a", "value": 1},
    "log-parameter": {"key": "a", "value": "b"},
    "log-batch": {"metrics": [{"key": "a", "value": 1}]},
    "set-tag": {"key": "a", "value": "b"},
    "delete-tag": {"key": "a"},
    "log-inputs": {},
    "log-model": {"model_json": "{}"},
    "outputs": {},
    "update": {"status": "RUNNING"},
}


@pytest.fixture(autouse=True)
def _nobody_is_mlflow(settings: Settings) -> None:
    """What is let through is answered with 503."""
    settings.MANTIK_MLFLOW_URI = "http://127.0.0.1:9"


def run_in(state: RunState, **columns: Any) -> Run:
    return factories.make_run(state, mlflow_experiment_id="7", mlflow_run_id=RUN_ID, **columns)


def write(token: str, call: str) -> Answer:
    return ask(token, Call("POST", f"{API}runs/{call}", body={"run_id": RUN_ID} | WRITES[call]))


@pytest.mark.parametrize("state", OVER)
def test_a_run_that_is_over_takes_nothing_more(state: RunState) -> None:
    run = run_in(state)
    token = token_of_member(factories.join(run.project, Role.OWNER), Scope.ADMIN)
    answers = [write(token, call) for call in WRITES]
    put = Call("PUT", f"api/2.0/mlflow-artifacts/artifacts/7/{RUN_ID}/artifacts/x", body=b"x")
    child = {"experiment_id": "7", "tags": [{"key": "mlflow.parentRunId", "value": RUN_ID}]}
    answers += [
        ask(token, put),
        ask(token, Call("POST", f"{API}runs/create", body=child)),
        ask(token, Call("POST", f"{API}logged-models", body={"source_run_id": RUN_ID, "name": "x"})),
    ]
    assert {(answer.status, answer.code) for answer in answers} == {(400, "INVALID_PARAMETER_VALUE")}
    assert all("is over" in answer.text for answer in answers)
    assert not run.tracked_items.exists()


def test_a_job_may_write_as_long_as_its_token_is_valid() -> None:
    run = run_in(RunState.FINISHED)
    assert write(token_of_job(run), "log-metric").status == 503


@pytest.mark.parametrize(
    ("role", "scope"),
    [
        *((role, Scope.ADMIN) for role in (Role.GUEST, Role.REPORTER, Role.RESEARCHER)),
        (Role.OWNER, Scope.READ),
    ],
)
def test_who_may_not_write_to_a_run_of_their_project(role: Role, scope: Scope) -> None:
    """A Researcher writes to runs of their own."""
    run = run_in(RunState.RUNNING)
    token = token_of_member(factories.join(run.project, role), scope)
    assert {(write(token, call).status, write(token, call).code) for call in WRITES} == {(403, "PERMISSION_DENIED")}


def test_a_guest_downloads_nothing() -> None:
    run = run_in(RunState.RUNNING)
    Experiment.objects.update(mlflow_experiment_id="7")
    token = token_of_member(factories.join(run.project, Role.GUEST), Scope.ADMIN)
    place = f"api/2.0/mlflow-artifacts/artifacts/7/{RUN_ID}/artifacts/x"
    get = Call("GET", "get-artifact", {"run_id": RUN_ID, "path": "x"})
    assert {ask(token, call).status for call in (Call("GET", place), get)} == {403}


def local_run() -> Run:
    return run_in(RunState.RUNNING, origin=Run.Origin.LOCAL, tracking_closed=True)


def test_the_end_of_a_local_run_may_be_told_again() -> None:
    """MLflow is away: the client asks again, and must not be told that its run is over."""
    run = local_run()
    token = token_of_member(run.created_by)
    end = Call("POST", f"{API}runs/update", body={"run_id": RUN_ID, "status": "FINISHED", "end_time": 1})
    assert [ask(token, end).status for _ in range(3)] == [503, 503, 503]
    run.refresh_from_db()
    assert run.run_state is RunState.FINISHED
    other = Call("POST", f"{API}runs/update", body={"run_id": RUN_ID, "status": "FAILED"})
    assert [ask(token, other).status, write(token, "log-metric").status] == [400, 400]
    assert ask(token_of_member(run.created_by, Scope.READ), end).status == 403
