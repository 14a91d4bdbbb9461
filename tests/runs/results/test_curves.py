"""What the lines of charts are drawn from."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from django.db import transaction

from runs.models import Run
from runs.results.curves import curves
from runs.states import RunState
from runs.tracking.summaries.buckets import Point
from runs.tracking.summaries.take_in import take_in
from tests.runs.results.test_metrics import NOW, ask
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> Run:
    return factories.make_run(RunState.RUNNING)


def line(run: Run, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = curves([run], ["loss"], **options)["metrics"][0]["lines"][0]
    return found


def test_a_few_points_come_as_they_are(run: Run) -> None:
    factories.log_to(run, *(1 / (step + 1) for step in range(5)))

    (loss,) = ask(run, "metric-points", key="loss").json()["metrics"]

    assert loss == {
        "key": "loss",
        "lines": {
            "0": {
                "steps": list(range(5)),
                "times": [NOW + step for step in range(5)],
                "values": [1 / (step + 1) for step in range(5)],
                "marks": [],
            }
        },
    }


def test_what_is_not_finite_is_a_gap_with_a_mark(run: Run) -> None:
    factories.log_to(run, 1.0, math.nan, math.inf, -math.inf, 2.0)

    answer = json.loads(ask(run, "metric-points", key="loss").content, parse_constant=pytest.fail)

    found = answer["metrics"][0]["lines"]["0"]
    assert found["values"] == [1.0, None, None, None, 2.0]
    assert [(mark[0], mark[4:]) for mark in found["marks"]] == [(1, [1, 0, 0]), (2, [0, 1, 0]), (3, [0, 0, 1])]


def test_infinity_among_many_points_flattens_nothing(run: Run) -> None:
    odd = {5_000: math.inf, 6_000: math.nan, 7_000: -math.inf}
    with transaction.atomic():
        take_in(run, (Point("", "loss", odd.get(step, step / 1e4), NOW + step, step) for step in range(10_000)))

    found = line(run, room=100)

    assert max(found["values"]) < 1
    assert None not in found["values"]
    assert [sum(mark[place] for mark in found["marks"]) for place in (4, 5, 6)] == [1, 1, 1]
    assert all(mark[0] <= step <= mark[1] for mark, step in zip(found["marks"], odd, strict=True))


SPIKE = 777_777


def million_points(run: Run) -> Run:
    for start in range(0, 1_000_000, 100_000):
        steps = range(start, start + 100_000)
        with transaction.atomic():
            take_in(run, (Point("", "loss", 99.0 if step == SPIKE else 0.5, NOW + step * 10, step) for step in steps))
    return run


def test_a_spike_of_one_step_in_a_million_is_seen_at_every_zoom(run: Run) -> None:
    million = million_points(run)
    half = 1_000_000
    while half:
        steps = (SPIKE - half, SPIKE + half // 3)
        for room in (20, 400, 1000):
            found = line(million, steps=steps, room=room)
            assert found["values"][found["steps"].index(SPIKE)] == 99.0
            assert len(found["values"]) <= 2 * room + 1
            assert found["steps"] == sorted(found["steps"])
            at = found["times"][found["steps"].index(SPIKE)]
            # A bucket of a million points, of which 2,000 are kept, is as wide as 10 s of these.
            assert abs(at - (NOW + SPIKE * 10)) < 10_240
        half //= 4
    assert width(line(million, steps=(500_000, 600_000), room=100)) < width(line(million, room=100)) / 4


def width(found: dict[str, Any]) -> float:
    """Steps from one point to the next."""
    steps: list[int] = found["steps"]
    return (steps[-1] - steps[0]) / len(steps)


def test_several_runs_stand_side_by_side(run: Run) -> None:
    other = factories.make_run(RunState.RUNNING, project=run.project)
    factories.log_to(run, 0.5)
    factories.log_to(other, 0.25)
    factories.log_to(other, 0.75, key="accuracy")

    (accuracy, loss) = curves([run, other], ["accuracy", "loss", "none"])["metrics"]

    assert {place: found["values"] for place, found in loss["lines"].items()} == {0: [0.5], 1: [0.25]}
    assert {place: found["values"] for place, found in accuracy["lines"].items()} == {1: [0.75]}


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({}, "Name 1 to 48 metrics, each as key=NAME."),
        ({"key": [f"m{number}" for number in range(49)]}, "Name 1 to 48 metrics, each as key=NAME."),
        ({"key": "loss", "room": "1"}, "room has to be a whole number from 20 to 2000, not 1."),
        ({"key": "loss", "from": "x", "to": "2"}, "from has to be a whole number from -92"),
        ({"key": "loss", "from": "1"}, "to has to be a whole number from -92"),
        ({"key": "loss", "from": "3", "to": "2"}, "The first step, 3, comes after the last one, 2. Exchange"),
        ({"key": "loss", "from": "9" * 5000, "to": "2"}, "from has to be a whole number from -92"),
    ],
)
def test_bad_input_is_a_sentence(run: Run, query: dict[str, Any], sentence: str) -> None:
    answer = ask(run, "metric-points", **query)
    assert answer.status_code == 400
    assert answer.json()["problem"].startswith(sentence)
