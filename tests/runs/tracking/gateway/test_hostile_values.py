"""Values at the edge of what a type holds, in every field of every call: refused with a sentence, never an error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from mantik.tokens.models import Scope
from runs.tracking.gateway import routes
from tests.runs.tracking.gateway.asking import Answer, Call, ask, token_of_member
from tests.runs.tracking.gateway.every_call import every_call
from tests.support.mlflow_server import MlflowServer
from tests.support.proofs import Proved, sample
from tests.support.tracked_projects import TrackedProject, make_tracked_project

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1800)]
DEEP: Any = "x"
for _ in range(300):
    DEEP = [DEEP]
IN_JSON: tuple[Any, ...] = (
    *("\0", "\ud800", "\u202e\x01", "'", "a" * 20_000, "9" * 400, "9999-12-31", "\u0663", "%", "[" * 3000),
    *(-1, 0, 2**63, -(10**400), 1e308, True, None, [], {}, DEEP, ["\0"], {"\0": "\0"}),
)
IN_ADDRESSES: tuple[Any, ...] = (
    "\0",
    "\u202e\x01",
    "'",
    "9" * 400,
    "-1",
    "\u00b2",
    "9999-12-31",
    "%",
    "[" * 3000,
    ["a", "b"],
)


@pytest.fixture
def mine(settings: Settings, mlflow_server: MlflowServer, db: None) -> TrackedProject:
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    return make_tracked_project(mlflow_server)


def tried(call: Call) -> Iterator[Call]:
    """`call` with each of its fields as nobody sends it; the rest is as it should be."""
    for name in call.query:
        for value in IN_ADDRESSES:
            yield replace(call, query={**call.query, name: value})
    if isinstance(call.body, dict):
        for name in call.body:
            for value in IN_JSON:
                yield replace(call, body={**call.body, name: value})


def calls(mine: TrackedProject) -> list[Call]:
    """One of each route and set of fields."""
    found: dict[Any, Call] = {}
    for call in every_call(mine.ids, mine.ids):
        matched = routes.find(call.method, call.path)
        assert matched
        fields = tuple(call.query) + tuple(call.body if isinstance(call.body, dict) else ())
        found.setdefault((matched[0].template, call.method, fields), call)
    return list(found.values())


def is_said(answer: Answer) -> bool:
    """Whether it is no error of ours, and a refusal says something."""
    if answer.status < 400:
        return True
    # 501: what MLflow's client takes for "send the file as a whole".
    return (answer.status < 500 or answer.status == 501) and bool(json.loads(answer.content)["message"])


def test_no_value_breaks_a_call(mine: TrackedProject, proved: Proved) -> None:
    token = token_of_member(mine.owner, Scope.ADMIN)
    sent = sample([hostile for call in calls(mine) for hostile in tried(call)], one_in=13)
    answers = [(call, ask(token, call)) for call in sent]
    wrong = [
        f"{call.method} {call.path} {str(call.query or call.body)[:80]}: {answer.status} {answer.text[:200]}"
        for call, answer in answers
        if not is_said(answer)
    ]
    proved(calls=len(answers), broken=len(wrong))
    assert wrong == []
