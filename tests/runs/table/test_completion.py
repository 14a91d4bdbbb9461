"""What is offered while somebody types a filter."""

from __future__ import annotations

import pytest

from projects.models import Experiment
from runs.states import RunState
from runs.table.completion import MOST, completions
from runs.table.scope import Scope
from tests.support.factories import make_experiment, make_run
from tests.support.tables import log

pytestmark = pytest.mark.django_db


@pytest.fixture
def experiment() -> Experiment:
    run = make_run(RunState.FINISHED, experiment=(found := make_experiment()), project=found.project)
    log(run, metrics={"loss": 1.0, "val loss": 1.0, "acc": 1.0}, params={"lr": "1"}, tags={"team": "a"})
    return found


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("lo", ["metric.loss", 'metric."val loss"']),
        ("metric.ac", ["metric.acc"]),
        ("st", ["state", "started", "starred"]),
        ("metric.loss ", ["=", "!=", "<", "<=", ">", ">=", "~", "is missing", "is not missing"]),
        ("metric.loss is", ["is missing", "is not missing"]),
        ("state ", ["=", "!="]),
        ("state = f", ["finished", "failed"]),
        ("starred = ", ["yes", "no"]),
        ("notes ", ["~", "!~", "is missing", "is not missing"]),
        ("loss > ", []),
        ("loss > 1 ", ["and", "or"]),
        ("loss > 1 a", ["and"]),
        ("loss > 1 and te", ["tag.team"]),
        ("(not lr", ["param.lr"]),
        ("loss > 1 foo lo", []),
        ('"val', ['metric."val loss"']),
    ],
)
def test_what_is_offered(experiment: Experiment, text: str, offered: list[str]) -> None:
    assert [one.text for one in completions(Scope.of(experiment), text, len(text))] == offered


def test_what_it_takes_the_place_of(experiment: Experiment) -> None:
    (one,) = completions(Scope.of(experiment), "state = failed and tea or x", 22)
    assert (one.text, one.begin, one.end) == ("tag.team", 19, 22)


def test_there_are_only_so_many(experiment: Experiment) -> None:
    run = experiment.runs.get()
    log(run, metrics={f"m{number}": 1.0 for number in range(30)})
    assert len(completions(Scope.of(experiment), "m", 1)) == MOST
    assert completions(Scope.of(experiment), "x", -5)
