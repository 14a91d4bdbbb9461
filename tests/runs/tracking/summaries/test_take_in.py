"""Rows of metrics say what all of the points say, in whichever order and portions these come."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from unittest.mock import patch

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from runs.models import LoggedName, MetricSummary, Run, RunSummaries
from runs.tracking.summaries import ladder, metric
from runs.tracking.summaries.buckets import Point
from runs.tracking.summaries.take_in import take_in
from tests.runs.tracking.summaries.oracle import ladder_of, stored_ladder, stored_summary, summary_of
from tests.support import factories
from tests.support.at_once import at_once
from tests.support.examples import examples

SMALL = 8
_FAR = 2**63 - 1
NOW = 1_764_000_000_000

values = st.one_of(
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1.0, -1.0, 1.7976931348623157e308, 5e-324]),
    st.floats(allow_nan=False),
)
times = st.one_of(st.integers(NOW, NOW + 50), st.sampled_from([0, 1, _FAR, -_FAR - 1]), st.integers(0, _FAR))
steps = st.one_of(st.integers(-20, 60), st.sampled_from([0, _FAR, -_FAR - 1]), st.integers(-_FAR, _FAR))
some_points = st.lists(
    st.builds(Point, st.sampled_from(["", "child"]), st.sampled_from(["loss", "acc"]), values, times, steps),
    min_size=1,
    max_size=60,
)


@pytest.fixture
def small() -> Iterator[None]:
    """Ladders of few buckets, so that few points climb them."""
    with (
        patch.object(ladder, "MOST", SMALL),
        patch.object(metric, "_TAIL", 2),
        patch.object(metric, "_LONGEST_TAIL", 4),
    ):
        yield


def log(run: Run, points: Sequence[Point]) -> None:
    with transaction.atomic():
        take_in(run, points)


def check(run: Run, points: Sequence[Point], *, most: int = ladder.MOST) -> None:
    for owner, key in {(point.owner, point.key) for point in points}:
        own = [point for point in points if (point.owner, point.key) == (owner, key)]
        assert stored_summary(run, owner, key) == summary_of(own)
        assert stored_ladder(run, owner, key) == ladder_of(own, most=most)


@pytest.mark.usefixtures("small")
@pytest.mark.django_db
@examples(60, 2000)
@given(points=some_points, portions=st.lists(st.integers(1, 20), min_size=1), seed=st.integers(0, 3))
def test_rows_say_what_all_points_say(points: list[Point], portions: list[int], seed: int) -> None:
    run = factories.make_run()
    rest = list(points)
    random.Random(seed).shuffle(rest)
    while rest:
        size = portions[len(rest) % len(portions)]
        log(run, rest[:size])
        rest = rest[size:]
    check(run, points, most=SMALL)


@pytest.mark.django_db
def test_points_that_come_twice_change_nothing_but_their_number() -> None:
    run = factories.make_run()
    points = [Point("", "loss", math.sin(step), NOW + step, step) for step in range(300)]
    log(run, points)
    before, ladder_before = stored_summary(run, "", "loss"), stored_ladder(run, "", "loss")
    log(run, points[100:200])
    after, ladder_after = stored_summary(run, "", "loss"), stored_ladder(run, "", "loss")

    assert (before.pop("count"), after.pop("count")) == (300, 400)
    assert before == after
    for bucket in (*ladder_before[1], *ladder_after[1]):
        del bucket["count"]
    assert ladder_before == ladder_after


@pytest.mark.django_db
@pytest.mark.parametrize("portion", [1000, 20_000])
def test_a_spike_of_one_step_is_kept_at_every_width(portion: int) -> None:
    run = factories.make_run()
    points = [Point("", "loss", 1e9 if step == 23_456 else 0.5, NOW + step, step) for step in range(40_000)]
    for start in range(0, len(points), portion):
        log(run, points[start : start + portion])

    level, found = stored_ladder(run, "", "loss")

    assert (level, len(found)) == (ladder.ONE_STEP + 5, 1250)
    assert [bucket["most_step"] for bucket in found if bucket["most"] == 1e9] == [23_456]


@pytest.mark.django_db
def test_points_without_a_step_are_told_apart_by_their_time() -> None:
    """A client that names no step logs all at step 0."""
    run = factories.make_run()
    points = [Point("", "loss", 1 / (second + 1), NOW + 1000 * second, 0) for second in range(5000)]
    log(run, points)

    level, found = stored_ladder(run, "", "loss")

    assert level < ladder.ONE_STEP
    assert len(found) > ladder.MOST / 4
    check(run, points)


@pytest.mark.django_db
def test_a_last_value_that_is_nan_is_in_no_order() -> None:
    runs = [factories.make_run() for _ in range(4)]
    last = {runs[0].pk: [1.0, math.nan], runs[1].pk: [3.0], runs[2].pk: [math.inf, 2.0], runs[3].pk: [-math.inf]}
    for run in runs:
        log(run, [Point("", "loss", value, NOW, step) for step, value in enumerate(last[run.pk])])

    rows = MetricSummary.objects.filter(last__isnull=False).order_by("last")
    assert list(rows.values_list("run", flat=True)) == [runs[3].pk, runs[2].pk, runs[1].pk]
    assert list(MetricSummary.objects.filter(last=None).values_list("run", "nans")) == [(runs[0].pk, 1)]


@pytest.mark.django_db
def test_names_are_stored_once_for_an_experiment() -> None:
    run = factories.make_run()
    other = factories.make_run(project=run.project, experiment=run.experiment)
    for one in (run, other):
        log(one, [Point("", key, 1.0, NOW, 0) for key in ("b", "a")])

    assert list(LoggedName.objects.order_by("key").values_list("key", flat=True)) == ["a", "b"]
    assert RunSummaries.objects.get(run=run).version == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_log_at_once_nothing_is_lost() -> None:
    run = factories.make_run()
    points = [Point("", f"m{step % 7}", math.cos(step), NOW + step, step) for step in range(6000)]

    def writer(place: int) -> None:
        own = points[place::4]
        for start in range(0, len(own), 150):
            log(run, own[start : start + 150])

    failed = [one for one in at_once([lambda place=place: writer(place) for place in range(4)]) if one is not None]  # type: ignore[misc]

    assert failed == []
    check(run, points)
