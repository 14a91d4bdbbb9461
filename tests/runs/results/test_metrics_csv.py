"""Metrics as CSV."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

import pytest
from django.db import transaction

from runs.models import Run
from runs.states import RunState
from runs.tracking.summaries.buckets import Point
from runs.tracking.summaries.take_in import take_in
from tests.runs.results.test_metrics import NOW, ask
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> Run:
    return factories.make_run(RunState.FINISHED)


def rows(response: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.getvalue().decode())))


def test_a_point_is_a_line(run: Run) -> None:
    factories.log_to(run, 0.5, math.nan)
    factories.log_to(run, 1.0, key="other")

    response = ask(run, "metrics-csv", key="loss")

    first, second = rows(response)
    assert (first["metric"], first["points"], first["first_step"], first["first"]) == ("loss", "1", "0", "0.5")
    assert first["first_time"] == "2025-11-24T16:00:00.000+00:00"
    assert (second["first"], second["least"], second["nan"]) == ("nan", "", "1")
    assert response["Content-Disposition"] == f'attachment; filename="{run.short_id}-loss.csv"'


def test_all_metrics_come_with_all_that_is_kept(run: Run) -> None:
    with transaction.atomic():
        take_in(run, (Point("", "loss", step, NOW + step, step) for step in range(10_000)))
    for number in range(30):
        factories.log_to(run, 0.5, key=f"m{number:02}")

    found = rows(ask(run, "metrics-csv"))

    loss = [row for row in found if row["metric"] == "loss"]
    assert 1000 < len(loss) <= 2000
    assert sum(int(row["points"]) for row in loss) == 10_000
    assert len({row["metric"] for row in found}) == 31


def test_a_name_is_no_formula_and_a_time_may_be_any(run: Run) -> None:
    with transaction.atomic():
        take_in(run, [Point("", "=1+1", 0.5, 2**62, 0)])

    (row,) = rows(ask(run, "metrics-csv"))

    assert (row["metric"], row["first_time"]) == ("'=1+1", str(2**62))


def test_a_metric_that_is_not_there_has_no_line(run: Run) -> None:
    assert rows(ask(run, "metrics-csv", key="none")) == []
