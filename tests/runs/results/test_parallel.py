"""Runs of which there are many: a line each over params and results."""

from __future__ import annotations

import math

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Experiment
from projects.roles import Role
from runs.models import Run
from runs.results.parallel import parallel
from runs.states import RunState
from tests.support import factories
from tests.support.tables import log

pytestmark = pytest.mark.django_db
COUNT = 12


def sweep(count: int = COUNT) -> list[Run]:
    """Their accuracy rises with their number; the third has logged NaN, and no learning rate."""
    first = factories.make_run(RunState.FINISHED, name="run-0")
    runs = [first] + [
        factories.make_run(RunState.FINISHED, name=f"run-{number}", project=first.project, experiment=first.experiment)
        for number in range(1, count)
    ]
    for number, run in enumerate(runs):
        accuracy = math.nan if number == 3 else number / count
        own = {} if number == 3 else {"rate": str(10.0**-number)}
        log(run, metrics={"acc": [accuracy]}, params={"optimizer": ("adam", "sgd")[number % 2], "same": "1", **own})
    return runs


def test_the_best_is_first_and_drawn_last() -> None:
    found = parallel(sweep())
    assert found["ranked_by"] == "acc"
    assert [line.name for line in found["lines"]][:2] == ["run-11", "run-10"]
    assert found["lines"][-1].name == "run-3"
    assert (found["lines"][0].shade, found["lines"][-1].shade) == (0, 4)
    assert found["drawn"][-1].shade == 0


def test_params_that_are_all_alike_are_no_axis_and_wide_ones_are_logarithmic() -> None:
    axes = {axis.label: axis for axis in parallel(sweep())["axes"]}
    assert list(axes) == ["rate", "optimizer", "acc"]
    assert axes["rate"].note == "logarithmic"
    assert [text for _, text in axes["optimizer"].marks] == ["adam", "sgd"]


def test_a_line_has_a_gap_where_a_value_is_missing() -> None:
    lines = {line.name: line for line in parallel(sweep())["lines"]}
    assert [part.count(",") for part in lines["run-2"].parts] == [3]
    # It has neither a learning rate nor an accuracy that is a number.
    assert lines["run-3"].parts == []
    assert lines["run-3"].shown == ["", "sgd", ""]


def test_the_greatest_is_at_the_top_of_its_axis() -> None:
    lines = {line.name: line for line in parallel(sweep())["lines"]}
    heights = [float(lines[name].parts[0].split()[-1].split(",")[1]) for name in ("run-0", "run-5", "run-11")]
    assert heights[0] > heights[1] > heights[2]


def test_more_params_than_there_is_room_for_are_said() -> None:
    runs = sweep()
    for number, run in enumerate(runs):
        log(run, params={f"p{key}": str(number * key) for key in range(1, 9)})
    found = parallel(runs)
    assert len(found["labels"]) == 7
    assert found["left_out"] == 4


def test_the_pinned_metric_is_what_runs_are_ranked_by() -> None:
    runs = sweep()
    runs[0].experiment.pinned_metric = "gain"
    runs[0].experiment.save()
    for number, run in enumerate(runs):
        log(run, metrics={"gain": [float(-number)]})
    found = parallel([Run.objects.select_related("experiment").get(pk=run.pk) for run in runs])
    assert found["ranked_by"] == "gain"
    assert found["lines"][0].name == "run-0"
    Experiment.objects.update(more_is_better=False)
    found = parallel([Run.objects.select_related("experiment").get(pk=run.pk) for run in runs])
    assert found["lines"][0].name == f"run-{len(runs) - 1}"


def test_runs_that_have_logged_nothing_are_still_listed() -> None:
    first = factories.make_run(RunState.FINISHED, name="nothing")
    runs = [first, *(factories.make_run(RunState.FINISHED, project=first.project) for _ in range(11))]
    found = parallel(runs)
    assert (found["axes"], found["ranked_by"]) == ([], "")
    assert found["lines"][0].name == "nothing"


def test_the_page_of_many_runs_has_their_table_and_no_curves(client: Client) -> None:
    runs = sweep()
    client.force_login(factories.join(runs[0].project, Role.GUEST))
    url = reverse("runs:compare", args=[runs[0].project.slug])
    answer = client.get(url, {"run": [str(run.uuid) for run in runs]})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "Compare 12 runs" in page
    assert page.count("<polyline") == COUNT - 1
    assert page.count('<th scope="row">') == COUNT
    assert "compare/metrics" not in page
