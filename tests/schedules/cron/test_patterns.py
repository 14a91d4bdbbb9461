"""Patterns of times that a form can put together, and the expressions that have them."""

from __future__ import annotations

from datetime import time
from itertools import combinations

import pytest

from schedules.cron import parse
from schedules.cron.patterns import WEEK, Every, Pattern, pattern_of

TIMES = (time(0, 0), time(2, 30), time(23, 59))
SOME_DAYS = [frozenset(days) for size in range(1, 7) for days in combinations(WEEK, size)]
ALL = [
    *(Pattern(Every.HOUR, time(0, minute)) for minute in range(60)),
    *(Pattern(Every.DAY, at) for at in TIMES),
    *(Pattern(Every.WEEK, at, days) for at in TIMES for days in SOME_DAYS),
    *(Pattern(Every.MONTH, at, day=day) for at in TIMES for day in range(1, 32)),
]


def test_the_expression_of_each_pattern_has_it() -> None:
    assert [pattern for pattern in ALL if pattern_of(pattern.expression) != pattern] == []


@pytest.mark.parametrize(
    ("expression", "pattern"),
    [
        ("30 2 * * MON-FRI", Pattern(Every.WEEK)),
        ("05 04 * * 7", Pattern(Every.WEEK, time(4, 5), frozenset({0}))),
        ("0 0 * * 0-6", Pattern(Every.DAY, time(0, 0))),
        ("0 3 01 JAN-DEC *", Pattern(Every.MONTH, time(3, 0))),
    ],
)
def test_it_does_not_matter_how_an_expression_is_written(expression: str, pattern: Pattern) -> None:
    assert pattern_of(expression) == pattern


@pytest.mark.parametrize(
    "expression",
    [
        *("*/15 * * * *", "0 */6 * * *", "0 0,12 * * *", "0 1 1,15 * *", "0 1 1 6 *", "0 3 * 6 *"),
        # Either the day of the month or that of the week is enough; and an hour that follows elapsed time.
        *("0 3 1 * 1", "0 0-23 * * *", "", "@daily", "0 30 2 * * ?", "0 0 30 2 *", "99 * * * *", "\0"),
    ],
)
def test_what_is_no_pattern_has_none(expression: str) -> None:
    assert pattern_of(expression) is None


def test_all_days_of_the_week_are_every_day() -> None:
    weekly = Pattern(Every.WEEK, time(3, 0), frozenset(WEEK))
    assert parse(weekly.expression).words == "every day at 03:00"
