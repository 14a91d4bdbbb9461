"""The metrics of a run, as its page gets them."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from projects.roles import Role
from runs.models import Run, RunSummaries
from runs.results import metrics
from runs.results.metrics import metric_list
from runs.states import RunState
from runs.tracking.summaries.buckets import Point
from runs.tracking.summaries.take_in import take_in
from tests.support import factories

pytestmark = pytest.mark.django_db
NOW = 1_764_000_000_000


@pytest.fixture
def run() -> Run:
    return factories.make_run(RunState.RUNNING)


def ask(run: Run, name: str = "metrics", **query: Any) -> Any:
    client = Client()
    client.force_login(factories.join(run.project, Role.GUEST))
    return client.get(reverse(f"runs:{name}", args=[run.project.slug, run.uuid]), query)


def keys_of(answer: dict[str, Any]) -> list[str]:
    return [metric["key"] for metric in answer["metrics"]]


def test_a_metric_is_listed_with_its_last_value_and_its_extremes(run: Run) -> None:
    factories.log_to(run, 1.0, 0.25, 0.5)

    answer = ask(run).json()

    (loss,) = answer["metrics"]
    assert (loss["key"], loss["lines"]["0"]) == (
        "loss",
        {"version": 1, "count": 3, "last": 0.5, "lastStep": 2, "least": 0.25, "most": 1.0},
    )
    assert (answer["problem"], answer["more"], answer["complete"]) == (None, False, False)
    assert answer["starts"] == [NOW]


@pytest.mark.parametrize(
    ("value", "name"), [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity"), (0.5, 0.5)]
)
def test_what_is_not_finite_has_a_name_and_is_counted(run: Run, value: float, name: object) -> None:
    factories.log_to(run, 1.0, math.nan, math.inf, -math.inf, math.inf, value)

    answer = json.loads(ask(run).content, parse_constant=pytest.fail)

    line = answer["metrics"][0]["lines"]["0"]
    assert line["last"] == name
    assert sum(line["notFinite"]) == 4 + (not isinstance(name, float))
    assert line["most"] == 1.0


def test_all_metrics_are_listed_however_many(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "PORTION", 10)
    names = [f"m{number:02}" for number in range(25)]
    with transaction.atomic():
        take_in(run, (Point("", name, 0.5, NOW, 0) for name in names))

    first = ask(run).json()
    second = ask(run, after=first["metrics"][-1]["key"]).json()
    third = ask(run, after=second["metrics"][-1]["key"]).json()

    assert keys_of(first) + keys_of(second) + keys_of(third) == names
    assert [answer["more"] for answer in (first, second, third)] == [True, True, False]


def test_what_says_most_leads(run: Run) -> None:
    for key in ("aux_1", "gpu_mem", "lr", "train/loss", "train/accuracy", "val/loss", "val/accuracy", "system/cpu"):
        factories.log_to(run, 0.5, key=key)

    answer = ask(run, lead=2).json()

    assert sorted(keys_of(answer)) == ["val/accuracy", "val/loss"]
    assert answer["count"] == 8


def test_only_what_has_changed_is_listed_again(run: Run) -> None:
    factories.log_to(run, 0.5)
    factories.log_to(run, 0.5, key="other")
    known = ask(run).json()["version"]
    assert ask(run, known=known).status_code == 204

    factories.log_to(run, 0.5, 0.25)

    answer = ask(run, known=known).json()
    assert keys_of(answer) == ["loss"]
    assert answer["metrics"][0]["lines"]["0"]["last"] == 0.25


@pytest.mark.parametrize("known", ["x", "1.2", "9" * 40, "-1"])
def test_a_version_that_nobody_gave_has_all_listed(run: Run, known: str) -> None:
    factories.log_to(run, 0.5)
    assert keys_of(ask(run, known=known).json()) == ["loss"]


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


def test_that_all_was_read_is_news_though_nothing_was_found(run: Run) -> None:
    factories.log_to(run, 0.5)
    RunSummaries.objects.update(is_partial=True)
    known = ask(run).json()["version"]

    RunSummaries.objects.update(is_partial=False)

    assert ask(run, known=known).json()["problem"] is None


def test_metrics_of_child_runs_are_not_those_of_the_run(run: Run) -> None:
    factories.log_to(run, 0.5, key="child", owner="1" * 32)
    assert keys_of(ask(run).json()) == []


def test_several_runs_stand_side_by_side(run: Run, django_assert_num_queries: Any) -> None:
    other = factories.make_run(RunState.RUNNING, project=run.project)
    factories.log_to(run, 0.5)
    factories.log_to(other, 0.25)
    factories.log_to(other, 0.75, key="accuracy")

    with django_assert_num_queries(4):
        answer = metric_list([run, other])

    lines = {
        metric["key"]: {place: line["last"] for place, line in metric["lines"].items()} for metric in answer["metrics"]
    }
    assert lines == {"loss": {0: 0.5, 1: 0.25}, "accuracy": {1: 0.75}}


@pytest.mark.parametrize("query", [{"lead": "x"}, {"lead": "-1"}, {"lead": ""}])
def test_bad_input_is_a_sentence(run: Run, query: dict[str, str]) -> None:
    answer = ask(run, **query)
    assert answer.status_code == 400
    assert answer.json()["problem"].startswith("lead has to be a whole number from 0 to 100, not ")
