"""Counting without going through each due time comes to what going through them does."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from schedules.cron import Tally, due_times, parse, tally

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo")
MICROSECOND = timedelta(microseconds=1)


def one_by_one(expression: str, zone: str, begin: datetime, end: datetime) -> Tally | None:
    found = list(
        due_times(parse(expression), ZoneInfo(zone), after=begin - MICROSECOND, until=end - MICROSECOND),
    )
    return Tally(found[0], found[-1], len(found)) if found else None


@pytest.mark.parametrize("zone", ZONES)
def test_it_comes_to_the_same_on_any_days_also_when_clocks_change(zone: str) -> None:
    draw = random.Random(zone)
    minutes = ("*", "*/5", "0", "30", "7-52/9", "0,59")
    hours = ("*", "*/6", "2", "1-3", "22,23", "0")
    days = (("*", "*"), ("*", "1-5"), ("1,15", "*"), ("*/2", "1"), ("29", "0"))
    for _ in range(300):
        day, weekday = draw.choice(days)
        expression = f"{draw.choice(minutes)} {draw.choice(hours)} {day} {draw.choice(('*', '3,4', '10'))} {weekday}"
        begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=draw.randrange(365 * 24 * 60))
        end = begin + timedelta(minutes=draw.choice((0, 1, 59, 24 * 60, 25 * 60, 7 * 24 * 60)))
        found = tally(parse(expression), ZoneInfo(zone), begin=begin, end=end)
        assert found == one_by_one(expression, zone, begin, end), (expression, begin, end)


def test_a_moment_within_a_minute_counts_from_the_next_one() -> None:
    begin = datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    found = tally(parse("* * * * *"), ZoneInfo("UTC"), begin=begin, end=begin + timedelta(minutes=2))
    assert found == Tally(datetime(2026, 1, 1, 0, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 2, tzinfo=UTC), 2)
