"""Runs side by side, at the address of the comparison."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from projects.roles import Role
from runs.models import Run
from runs.states import RunState
from tests.support import factories

pytestmark = pytest.mark.django_db
NAMES = ("compare", "compare-metrics", "compare-csv", "compare-json")


@pytest.fixture
def runs() -> list[Run]:
    first = factories.make_run(RunState.FINISHED, name="first", parameters={"lr": 0.1})
    second = factories.make_run(RunState.RUNNING, name="second", project=first.project, parameters={"lr": 0.2})
    factories.log_to(first, 0.5, 0.25)
    factories.log_to(second, 0.75)
    return [first, second]


def ask(runs: Sequence[Run], name: str = "compare", *, client: Client | None = None, **query: Any) -> Any:
    if client is None:
        client = Client()
        client.force_login(factories.join(runs[0].project, Role.GUEST))
    url = reverse(f"runs:{name}", args=[runs[0].project.slug])
    return client.get(url, {"run": [str(run.uuid) for run in runs]} | query)


def test_the_page_shows_what_differs_and_the_best(runs: list[Run]) -> None:
    response = ask(runs)
    assert response.status_code == 200
    labels = [(row.name.label, [fact and fact.shown for fact in row.facts]) for row in response.context["different"]]
    assert ("lr", ["0.1", "0.2"]) in labels
    assert [(row.label, [score.is_best for score in row.scores]) for row in response.context["scores"]] == [
        ("loss, last", [True, False]),
        ("loss, lowest", [True, False]),
    ]


def test_the_place_of_a_run_is_its_place_in_the_address(runs: list[Run]) -> None:
    first, second = (ask(order, "compare-metrics").json()["metrics"][0]["lines"] for order in (runs, runs[::-1]))
    assert [first["0"]["last"], first["1"]["last"]] == [0.25, 0.75]
    assert [second["0"]["last"], second["1"]["last"]] == [0.75, 0.25]
    points = ask(runs, "compare-points", key="loss").json()["metrics"][0]["lines"]
    assert [points["0"]["values"], points["1"]["values"]] == [[0.5, 0.25], [0.75]]


def test_nothing_new_is_no_answer(runs: list[Run]) -> None:
    known = ask(runs, "compare-metrics").json()["version"]
    assert ask(runs, "compare-metrics", known=known).status_code == 204
    factories.log_to(runs[1], 0.5, 0.125)
    assert ask(runs, "compare-metrics", known=known).json()["metrics"][0]["lines"].keys() == {"1"}


@pytest.mark.parametrize("name", NAMES)
def test_too_many_or_one_alone_are_refused_with_a_sentence(runs: list[Run], name: str) -> None:
    most = 10 if name == "compare-metrics" else 100
    many = [factories.make_run(RunState.FINISHED, project=runs[0].project) for _ in range(most - 1)]
    too_many = f"These are {most + 1} runs. Compare {most} at most, because more lines cannot be told apart."
    for chosen, sentence in (
        ([*runs, *many], too_many),
        (runs[:1], "Choose 2 to 100 runs to compare: tick them in the list of runs."),
        ([runs[0], runs[0]], "Choose 2 to 100 runs to compare: tick them in the list of runs."),
    ):
        response = ask(chosen, name)
        assert response.status_code == 422
        assert sentence in response.content.decode()
    assert ask([*runs, *many[:-1]], name).status_code == 200


@pytest.mark.parametrize("text", ["x", "", "1" * 400, "\0"])
def test_what_is_no_id_is_named(runs: list[Run], text: str) -> None:
    response = ask(runs, "compare-json", run=[text, str(runs[0].uuid)])
    assert response.status_code == 422
    assert "is not the id of a run" in response.json()["problem"]


@pytest.mark.parametrize("name", NAMES)
def test_runs_of_other_projects_are_not_there(runs: list[Run], name: str) -> None:
    other = factories.make_run(RunState.FINISHED)
    answer = ask([runs[0], other], name)
    assert answer.status_code == 404
    assert "1 of these runs is not in this project, or no longer." in answer.content.decode()
    assert ask(runs, name, run=[str(runs[0].uuid), str(uuid.uuid4())]).status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_strangers_see_nothing_of_a_private_project(runs: list[Run], name: str) -> None:
    assert ask(runs, name, client=Client()).status_code == 404


def test_all_of_it_comes_as_csv(runs: list[Run]) -> None:
    text = ask(runs, "compare-csv").getvalue().decode()
    head, *rows = csv.reader(io.StringIO(text))
    assert head == ["group", "name", "differs", f"first ({runs[0].short_id})", f"second ({runs[1].short_id})"]
    assert ["Parameters", "lr", "yes", "0.1", "0.2"] in rows
    assert ["Results", "loss, lowest", "", "0.25", "0.75"] in rows


def test_all_of_it_comes_as_json(runs: list[Run]) -> None:
    found = ask(runs, "compare-json").json()
    assert [run["name"] for run in found["runs"]] == ["first", "second"]
    assert {"group": "Parameters", "name": "lr", "differs": True, "values": ["0.1", "0.2"]} in found["facts"]
    assert {"metric": "loss", "what": "last", "values": [0.25, 0.75], "best": [0]} in found["results"]


def test_the_number_of_queries_does_not_grow_with_the_runs(runs: list[Run], django_assert_max_num_queries: Any) -> None:
    many = [factories.make_run(RunState.FINISHED, project=runs[0].project) for _ in range(8)]
    for run in many:
        factories.log_to(run, 0.5)
    client = Client()
    client.force_login(factories.join(runs[0].project, Role.GUEST))
    with django_assert_max_num_queries(14):
        ask([*runs, *many], client=client)
