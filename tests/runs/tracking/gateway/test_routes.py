"""Every route of the pinned MLflow is either offered or closed, and it is written down why (decisions.tsv)."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from runs.tracking.gateway.closed import sentence_for
from runs.tracking.gateway.routes import ROUTES, find
from tests.support.places import TOP

DECISIONS = Path(__file__).with_name("decisions.tsv")
_PART = re.compile(r"\{\w+(:path)?\}")
# One call of each kind that users' programs make, and a word of what they are told to do instead.
INSTEAD = {
    "POST api/2.0/mlflow/runs/delete": "open its page",
    "POST api/2.0/mlflow/runs/restore": "cannot be restored",
    "POST api/2.0/mlflow/experiments/update": "open its page",
    "POST api/2.0/mlflow/experiments/delete": "open its page",
    "POST api/2.0/mlflow/experiments/restore": "Ask an operator",
    "POST api/2.0/mlflow/experiments/set-experiment-tag": "tag its runs",
    "PATCH api/2.0/mlflow/registered-models/update": "open its page",
    "POST api/2.0/mlflow/registered-models/rename": "under another name",
    "DELETE api/2.0/mlflow/registered-models/delete": "To unregister",
    "POST api/2.0/mlflow/registered-models/set-tag": "no tags",
    "DELETE api/2.0/mlflow/registered-models/delete-tag": "no tags",
    "POST api/2.0/mlflow/registered-models/alias": "open its page",
    "DELETE api/2.0/mlflow/registered-models/alias": "open its page",
    "POST api/2.0/mlflow/model-versions/create": "Register Model",
    "PATCH api/2.0/mlflow/model-versions/update": "open its page",
    "DELETE api/2.0/mlflow/model-versions/delete": "unregister",
    "POST api/2.0/mlflow/model-versions/set-tag": "no description or tags",
    "POST api/2.0/mlflow/model-versions/transition-stage": "an alias",
    "DELETE api/2.0/mlflow/logged-models/m-1": "stays with its run",
    "POST api/3.0/mlflow/traces": "no traces",
    "POST api/3.0/mlflow/traces/search": "no traces",
    "POST v1/traces": "no traces",
    "POST api/2.0/mlflow-artifacts/mpu/complete/1/x": "in one piece",
    "GET api/2.0/mlflow-artifacts/presigned/1/x": "no addresses",
    "DELETE api/2.0/mlflow-artifacts/artifacts/1/x": "Ask an operator",
    "POST api/2.0/mlflow/webhooks": "no webhooks",
    "GET api/3.0/mlflow/gateway/secrets/list": "no gateway",
    "POST gateway/openai/v1/chat/completions": "no gateway",
    "POST graphql": "GraphQL",
    "GET ": "Open Mantik itself",
    "GET static-files/index.html": "Open Mantik itself",
    "GET ajax-api/2.0/mlflow/upload-artifact": "not shown",
    "GET unheard/of": "Track from anywhere",
}


@dataclass(frozen=True)
class Decision:
    is_open: bool
    reason: str


def decisions() -> dict[tuple[str, str], Decision]:
    with DECISIONS.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", restval=""))
    assert {row["decision"] for row in rows} == {"open", "closed"}
    found = {(row["method"], row["path"]): Decision(row["decision"] == "open", row["reason"]) for row in rows}
    assert len(found) == len(rows), "A route is decided twice."
    return found


def routes_of_mlflow() -> set[tuple[str, str]]:
    printed = subprocess.run(
        [sys.executable, "-m", "tests.support.mlflow_routes"],
        env=os.environ | {"_MLFLOW_SERVER_SERVE_ARTIFACTS": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        cwd=TOP,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    pairs = (line.split("\t") for line in printed.splitlines())
    return {(method, path) for method, path in pairs}


def without_names(path: str) -> str:
    """MLflow and the gateway name the parts of a path differently; some of MLflow's parts are whole paths."""
    return _PART.sub("{}", path)


def test_every_route_of_mlflow_is_decided() -> None:
    decided, real = set(decisions()), routes_of_mlflow()
    assert real - decided == set(), "New in MLflow: decide each in decisions.tsv."
    assert decided - real == set(), "No longer in MLflow: take each out of decisions.tsv."


def test_what_is_open_is_what_the_gateway_offers() -> None:
    is_open = {(method, without_names(path)) for (method, path), found in decisions().items() if found.is_open}
    offered = {(route.method, without_names(f"/{route.template}")) for route in ROUTES}
    assert is_open == {(method, path) for method, path in offered if not path.startswith("/api/mantik/")}


def test_what_is_closed_has_a_reason_and_is_found_by_no_route() -> None:
    for (method, path), decision in decisions().items():
        assert decision.is_open == (not decision.reason), path
        if not decision.is_open:
            assert find(method, _PART.sub("x", path).lstrip("/")) is None, path


@pytest.mark.parametrize("call", INSTEAD)
def test_who_asks_for_what_is_closed_learns_what_to_do_instead(call: str) -> None:
    method, _, path = call.partition(" ")
    assert find(method, path) is None
    sentence = sentence_for(method, path)
    assert f"({method} {path})" in sentence
    assert INSTEAD[call] in sentence
