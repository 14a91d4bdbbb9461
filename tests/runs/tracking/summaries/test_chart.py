"""Charts are drawn from as many buckets as they have room for, and lose no value by that."""

from __future__ import annotations

import math

import pytest

from runs.tracking.summaries.buckets import COUNT, MOST, MOST_STEP, Point
from runs.tracking.summaries.chart import charts
from runs.tracking.summaries.take_in import take_in
from tests.support import factories

pytestmark = pytest.mark.django_db
NOW = 1_764_000_000_000
SPIKE = 7_777


@pytest.mark.parametrize("most", [1, 2, 10, 100, 400, 2000])
@pytest.mark.parametrize("steps", [None, (0, 9_999), (7_000, 8_000), (7_770, 7_780), (SPIKE, SPIKE)])
def test_a_spike_is_seen_at_every_width_and_zoom(most: int, steps: tuple[int, int] | None) -> None:
    run = factories.make_run()
    take_in(run, (Point("", "loss", 99.0 if step == SPIKE else math.sin(step), NOW, step) for step in range(10_000)))

    (chart,) = charts(run, ["loss"], most=most, steps=steps)

    assert 1 <= len(chart.buckets) <= most
    assert [bucket[MOST_STEP] for bucket in chart.buckets if bucket[MOST] == 99.0] == [SPIKE]
    if steps is None:
        assert sum(bucket[COUNT] for bucket in chart.buckets) == 10_000


def test_charts_are_those_that_there_are() -> None:
    run = factories.make_run()
    factories.log_to(run, 1.0, 0.5, key="loss")
    factories.log_to(run, 0.1, key="acc")
    factories.log_to(run, 7.0, key="loss", owner="child")

    found = charts(run, ["loss", "acc", "other"], most=400)

    assert [(chart.key, chart.summary.last) for chart in found] == [("acc", 0.1), ("loss", 0.5)]
    assert [len(chart.buckets) for chart in found] == [1, 2]
    assert [chart.summary.last for chart in charts(run, ["loss"], most=400, owner="child")] == [7.0]
    assert charts(run, [], most=400) == []
