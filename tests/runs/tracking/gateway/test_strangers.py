"""Whoever asks with the ids of another project, or of another job, gets no more than for ids that there are not."""

from __future__ import annotations

import json
import re
from dataclasses import astuple, replace

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from mantik.tokens.models import PersonalAccessToken, Scope
from runs.states import RunState
from runs.tracking.gateway import routes
from tests.runs.tracking.gateway.asking import API, Answer, Call, ask, token_of_job, token_of_member
from tests.runs.tracking.gateway.every_call import every_call
from tests.support.mlflow_server import MlflowServer
from tests.support.tracked_projects import Ids, TrackedProject, make_tracked_project, tracked_run

# What the gateway writes after MLflow's answer is written on another connection.
pytestmark = pytest.mark.django_db(transaction=True)
# As ids of each kind look, and of nothing.
ABSENT = Ids(
    "987654321",
    "Baseline of nobody",
    "0" * 32,
    "1" * 32,
    f"m-{'2' * 32}",
    "p0--forecast",
    "models/33333333-3333-4333-8333-333333333333",
)
# Ids, moments, and the numbers of experiments, which the versions of models have as well.
_NEW = re.compile(r"(?:m-)?[0-9a-f]{32}|(?<![\w.])\d+(?![\w.])")
NOT_VALID = ["", "x", "mantik_pat_nothing", "mantik_run_nothing", "Bearer", "a b", "'", "\u00e9"]


@pytest.fixture
def theirs(settings: Settings, mlflow_server: MlflowServer, db: None) -> TrackedProject:
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    return make_tracked_project(mlflow_server)


@pytest.fixture
def mine(theirs: TrackedProject) -> TrackedProject:
    return make_tracked_project(theirs.server)


def shown(answer: Answer, tried: Ids, mine: Ids) -> tuple[int, str]:
    """The status and text of an answer, whichever ids were tried and whatever is new in it."""
    names = {value: f"<own {number}>" for number, value in enumerate(astuple(mine)) if len(value) > 9}
    # One's own experiments have the name that was tried, and before that the absent one.
    for known in (ABSENT, tried):
        names |= {value: f"<{number}>" for number, value in enumerate(astuple(known)) if len(value) > 9}
    words = "|".join(re.escape(value) for value in sorted(names, key=len, reverse=True))
    text = re.sub(rf"\b(?:{words})\b", lambda found: names[found[0]], answer.text)
    return answer.status, _NEW.sub("<new>", text)


def differing(
    token: str | None, tried: Ids, mine: Ids, nothing: Ids = ABSENT
) -> dict[str, tuple[tuple[int, str], tuple[int, str]]]:
    """The calls that are answered in another way than for ids that there are not, with both answers."""
    found = {}
    for call, same in zip(every_call(tried, mine), every_call(nothing, mine), strict=True):
        real, other = shown(ask(token, call), tried, mine), shown(ask(token, same), nothing, mine)
        if real != other or real[0] in (500, 502, 503):
            found[f"{call.method} {call.path} {call.query or call.body}"] = (real, other)
    return found


def test_every_route_is_tried() -> None:
    tried = {
        (route.method, route.template)
        for call in every_call(ABSENT, ABSENT)
        if (matched := routes.find(call.method, call.path)) and (route := matched[0])
    }
    assert tried == {(route.method, route.template) for route in routes.ROUTES}


@pytest.mark.parametrize("scope", list(Scope))
def test_another_project_is_not_there_for_a_member(theirs: TrackedProject, mine: TrackedProject, scope: Scope) -> None:
    before = theirs.in_mlflow()
    token = token_of_member(mine.owner, scope)
    assert differing(token, theirs.ids, mine.ids) == {}
    assert differing(token, theirs.unknown, mine.ids) == {}
    assert theirs.in_mlflow() == before


def test_another_project_is_not_there_for_a_job(theirs: TrackedProject, mine: TrackedProject) -> None:
    before = theirs.in_mlflow()
    token = token_of_job(mine.running)
    assert differing(token, theirs.ids, mine.ids) == {}
    assert differing(token, theirs.unknown, mine.ids) == {}
    assert theirs.in_mlflow() == before


def test_another_run_of_its_project_is_not_there_for_a_job(theirs: TrackedProject) -> None:
    """Its own experiment is, whichever it names."""
    own = tracked_run(theirs.server, RunState.RUNNING, theirs.running.experiment, theirs.owner)
    before = theirs.in_mlflow()
    mine = Ids("", "", own.mlflow_run_id, "", "", "", "")
    # The experiment is the same for both.
    nothing = replace(ABSENT, experiment=theirs.ids.experiment, experiment_name=theirs.ids.experiment_name)
    assert differing(token_of_job(own), theirs.ids, mine, nothing) == {}
    after = theirs.in_mlflow()
    assert {key: value for key, value in after.items() if own.mlflow_run_id not in key} == before


def test_without_a_valid_token_nothing_is_told(theirs: TrackedProject) -> None:
    before = theirs.in_mlflow()
    revoked = token_of_member(theirs.owner, Scope.ADMIN)
    PersonalAccessToken.objects.update(revoked_at=timezone.now())
    expired = token_of_member(theirs.owner, Scope.ADMIN, days=-1)
    said = {
        (answer.status, answer.text)
        for token in (None, expired, revoked)
        for call in every_call(theirs.ids, theirs.ids)
        for answer in [ask(token, call)]
    }
    said |= {
        (given.status, given.text) for token in NOT_VALID for given in [ask(token, next(every_call(ABSENT, ABSENT)))]
    }
    assert len(said) == 1
    assert next(iter(said))[0] == 401
    assert theirs.in_mlflow() == before


def test_a_job_finds_its_own_runs_and_models(theirs: TrackedProject) -> None:
    token, ids = token_of_job(theirs.running), theirs.ids

    def found(call: str, written: str) -> set[str]:
        given = json.loads(ask(token, Call("POST", f"{API}{call}", body={"filter": written, "max_results": 9})).text)
        return {
            one["info"].get("model_id") or one["info"]["run_id"] for one in given.get("runs", given.get("models", []))
        }

    assert found("runs/search", "") == {ids.run, ids.child}
    assert found("runs/search", "metrics.accuracy > 0.5") == {ids.run}
    assert ids.model in found("logged-models/search", "")
    assert ids.model in found("logged-models/search", "name = 'model'")
    assert found("logged-models/search", "name = 'nothing'") == set()
