"""What runs achieved, with the best marked."""

from __future__ import annotations

import math

import pytest
from django.utils import timezone

from projects.models import Experiment
from runs.models import Run
from runs.results.scores import cost_rows, metric_rows
from runs.states import RunState
from tests.support import factories

pytestmark = pytest.mark.django_db


def log(key: str, *values: tuple[float, ...]) -> list[Run]:
    first = factories.make_run(RunState.FINISHED)
    runs = [first, *(factories.make_run(RunState.FINISHED, project=first.project) for _ in values[1:])]
    for run, logged in zip(runs, values, strict=True):
        factories.log_to(run, *logged, key=key)
    return runs


def best(runs: list[Run]) -> dict[str, list[int]]:
    return {
        row.label: [place for place, score in enumerate(row.scores) if score and score.is_best]
        for row in metric_rows(runs)
    }


def test_more_accuracy_and_less_loss_are_better() -> None:
    assert best(log("val/accuracy", (0.9, 0.5), (0.7, 0.6))) == {
        "val/accuracy, last": [1],
        "val/accuracy, highest": [0],
    }
    assert best(log("val_loss", (0.1, 0.5), (0.7, 0.4))) == {"val_loss, last": [1], "val_loss, lowest": [0]}


def test_where_nobody_knows_what_is_better_nothing_is_marked() -> None:
    assert best(log("lr", (0.1,), (0.2,))) == {"lr, last": []}
    assert best(log("system/gpu_error", (0.1,), (0.2,))) == {"system/gpu_error, last": []}


def test_what_an_experiment_has_pinned_comes_first_and_in_its_direction() -> None:
    runs = log("gain", (1.0, 3.0), (2.0, 2.5))
    for run in runs:
        factories.log_to(run, 0.5, key="accuracy")
    pin(runs[0].experiment, "gain", is_more=False)
    assert best(again(runs)) == {"gain, last": [1], "gain, lowest": [0], "accuracy, last": [], "accuracy, highest": []}
    assert next(iter(best(again(runs)))) == "gain, last"
    pin(runs[0].experiment, "accuracy", is_more=False)
    assert list(best(again(runs)))[:2] == ["accuracy, last", "accuracy, lowest"]


def test_where_two_experiments_disagree_nothing_is_marked() -> None:
    runs = log("accuracy", (1.0,), (2.0,))
    pin(runs[0].experiment, "accuracy", is_more=True)
    pin(runs[1].experiment, "accuracy", is_more=False)
    assert best(again(runs)) == {"accuracy, last": []}


def pin(experiment: Experiment, metric: str, *, is_more: bool) -> None:
    Experiment.objects.filter(pk=experiment.pk).update(pinned_metric=metric, more_is_better=is_more)


def again(runs: list[Run]) -> list[Run]:
    return [Run.objects.select_related("experiment").get(pk=run.pk) for run in runs]


def test_equals_are_both_best_but_not_if_all_are_equal() -> None:
    assert best(log("f1", (0.9,), (0.9,), (0.1,)))["f1, last"] == [0, 1]
    assert best(log("f1", (0.9,), (0.9,)))["f1, last"] == []


def test_what_is_not_finite_or_not_there_is_never_the_best() -> None:
    runs = log("accuracy", (math.inf,), (math.nan,), (), (0.2,), (0.1,))
    last, highest = metric_rows(runs)
    assert best(runs) == {"accuracy, last": [3], "accuracy, highest": [3]}
    assert [score and (score.value, score.shown) for score in last.scores] == [
        ("Infinity", "infinite"),
        ("NaN", "not a number"),
        None,
        (0.2, "0.2"),
        (0.1, "0.1"),
    ]
    assert len(highest.scores) == 5


def test_times_and_core_hours_are_told() -> None:
    run = factories.make_run(RunState.FINISHED, core_hours=1.5)
    never = factories.make_run(RunState.PENDING, project=run.project)
    queued, duration, core_hours = cost_rows([run, never], now=timezone.now())
    assert queued.scores[0] is not None
    assert queued.scores[1] is None
    assert duration.scores[0] is not None
    assert [score and score.value for score in core_hours.scores] == [1.5, None]
