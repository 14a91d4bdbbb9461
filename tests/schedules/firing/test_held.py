"""How many due times of a pause are remembered, however unevenly they lie."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from schedules.firing.due import MOST_DUE_TIMES, came_since
from schedules.firing.timing import read_timing

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "days", "came"),
    [
        ("0,10 9 * * *", 14, 28),
        ("0,30 6 * * 1-5", 30, 40),
        ("0,15,30 6 1 * *", 90, 9),
        ("0 9,10 * * 1", 60, 16),
        ("0 0 29 2 *", 3000, 2),
        ("*/5 * * 1-6 *", 330, MOST_DUE_TIMES),
    ],
)
def test_all_of_a_pause_are_there_up_to_the_latest_five_hundred(cron: str, days: int, came: int) -> None:
    timing = read_timing(
        cron_expression=cron, time_zone="UTC", end_date=None, jitter_seconds=0, now=NOW - timedelta(days=days)
    )
    found = came_since(timing, since=NOW - timedelta(days=days), now=NOW)
    assert len(found) == came
    assert found == sorted(found)
    assert timing.next_after(found[-1]) == timing.next_after(NOW)
