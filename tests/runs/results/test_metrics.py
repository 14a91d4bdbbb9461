"""The metrics of a run, as its page gets them."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from projects.roles import Role
from runs.models import Run, RunSummaries
from runs.results.metrics import read_metrics
from runs.states import RunState
from runs.tracking.summaries.buckets import Point
from runs.tracking.summaries.take_in import take_in
from tests.support import factories

pytestmark = pytest.mark.django_db
NOW = 1_764_000_000_000


@pytest.fixture
def run() -> Run:
    return factories.make_run(RunState.RUNNING)


def ask(run: Run, **query: Any) -> Any:
    client = Client()
    client.force_login(factories.join(run.project, Role.GUEST))
    return client.get(reverse("runs:metrics", args=[run.project.slug, run.uuid]), query)


def test_a_few_points_come_as_they_are(run: Run) -> None:
    factories.log_to(run, *(1 / (step + 1) for step in range(5)))

    answer = ask(run).json()

    (loss,) = answer["metrics"]
    assert (loss["key"], loss["last"]) == ("loss", 0.2)
    assert loss["points"] == [[step, 1 / (step + 1)] for step in range(5)]
    assert (answer["problem"], answer["more"], answer["complete"]) == (None, 0, False)


def test_what_is_not_finite_is_a_gap(run: Run) -> None:
    factories.log_to(run, 1.0, math.nan, math.inf, -math.inf)

    answer = json.loads(ask(run).content, parse_constant=pytest.fail)

    assert answer["metrics"] == [{"key": "loss", "last": None, "points": [[0, 1.0], [1, None], [2, None], [3, None]]}]


def test_of_many_points_the_highest_and_the_lowest_are_drawn_where_they_were(run: Run) -> None:
    spikes = {7_777: 99.0, 7_778: -99.0, 12_345: 88.0}
    take_in(run, (Point("", "loss", spikes.get(step, 0.5), NOW + step, step) for step in range(20_000)))

    points = read_metrics(run)["metrics"][0]["points"]

    assert len(points) <= 801
    assert {step: value for step, value in points if value != 0.5} == spikes
    assert [step for step, _ in points] == sorted(step for step, _ in points)
    assert points[0] == [0, 0.5]
    assert points[-1] == [19_999, 0.5]


def test_all_metrics_can_be_had(run: Run) -> None:
    for number in range(30):
        factories.log_to(run, 0.5, key=f"m{number:02}")

    usual, more = ask(run).json(), ask(run, shown=40).json()

    assert ([metric["key"] for metric in usual["metrics"]], usual["more"]) == ([f"m{n:02}" for n in range(24)], 6)
    assert (len(more["metrics"]), more["more"]) == (30, 0)


def test_nothing_new_is_no_answer(run: Run) -> None:
    factories.log_to(run, 0.5)
    known = ask(run).json()["version"]
    assert ask(run, known=known).status_code == 204

    factories.log_to(run, 0.5, 0.25)

    assert ask(run, known=known).json()["metrics"][0]["last"] == 0.25


def test_it_is_complete_when_all_is_here(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED)
    assert not ask(run).json()["complete"]
    Run.objects.filter(pk=run.pk).update(tracking_closed=True)
    factories.make_run_summaries(run, is_partial=True)
    partial = ask(run).json()
    assert not partial["complete"]
    assert "still reading from MLflow" in partial["problem"]

    RunSummaries.objects.update(is_partial=False)

    assert ask(run).json()["complete"]


@pytest.mark.parametrize("shown", ["x", "1.5", ""])
def test_bad_input_is_a_sentence(run: Run, shown: str) -> None:
    answer = ask(run, shown=shown)
    assert (answer.status_code, answer.json()["problem"]) == (400, "shown must be a number of metrics.")
