from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from schedules.cron import count_until, due_times, last_second, next_after, parse, shortest_gap, uneven_pair

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
YEAR = timedelta(days=365)


def test_the_next_due_time_is_later_than_the_one_asked_about() -> None:
    cron = parse("30 2 * * *")
    first = next_after(cron, BERLIN, NOON)
    assert first == datetime(2026, 11, 26, 1, 30, tzinfo=UTC)
    assert next_after(cron, BERLIN, first) == first + timedelta(days=1)
    assert next_after(cron, BERLIN, first - timedelta(microseconds=1)) == first


def test_the_moment_asked_about_may_be_in_any_zone_and_the_answer_is_in_utc() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=-9)))
    found = next_after(parse("0 * * * *"), BERLIN, there)
    assert found == datetime(2026, 11, 25, 13, 0, tzinfo=UTC)
    assert found.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="not a naive one"):
        next_after(parse("0 * * * *"), BERLIN, NOON.replace(tzinfo=None))


def test_a_day_may_be_decades_off() -> None:
    # The year 2100 has no 29 February.
    cron = parse("0 0 29 2 */6")
    found = list(
        due_times(cron, ZoneInfo("UTC"), after=datetime(2076, 3, 1, tzinfo=UTC), until=datetime(2130, 1, 1, tzinfo=UTC))
    )
    assert [moment.year for moment in found] == [2088, 2116, 2128]
    assert {moment.isoweekday() % 7 for moment in found} == {0, 6}


@pytest.mark.parametrize("expression", ["0 0 29 2 *", "*/5 * * * *"])
@pytest.mark.parametrize("name", ["America/New_York", "Pacific/Auckland"])
def test_after_the_last_year_there_is_nothing(expression: str, name: str) -> None:
    assert next_after(parse(expression), ZoneInfo(name), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("expression", "days"),
    [
        ("0 0 1 6 1", [1, 7, 14, 21, 28]),
        ("0 0 */2 6 1", [7, 21]),
        ("0 0 1,8 6 */6", []),
        ("0 0 6-7 6 */6", [6]),
    ],
)
def test_either_day_field_is_enough_unless_one_begins_with_a_star(expression: str, days: list[int]) -> None:
    june = {"after": datetime(2027, 5, 31, 12, tzinfo=UTC), "until": datetime(2027, 6, 30, 12, tzinfo=UTC)}
    assert [moment.day for moment in due_times(parse(expression), ZoneInfo("UTC"), **june)] == days


def test_the_last_second_of_the_last_day_still_counts() -> None:
    until = last_second(date(2026, 11, 26), BERLIN)
    assert until == datetime(2026, 11, 26, 22, 59, 59, tzinfo=UTC)
    found = list(due_times(parse("59 23 * * *"), BERLIN, after=NOON, until=until))
    assert [moment.astimezone(BERLIN).day for moment in found] == [25, 26]
    # Midnight is the next day's.
    assert list(due_times(parse("0 0 * * *"), BERLIN, after=NOON, until=until)) == [
        datetime(2026, 11, 25, 23, tzinfo=UTC)
    ]


@pytest.mark.parametrize(
    ("name", "day", "expected"),
    [
        ("Africa/Cairo", date(2026, 4, 23), "2026-04-23T21:59:59+00:00"),  # the next day begins at 01:00
        ("Africa/Cairo", date(2026, 10, 29), "2026-10-29T21:59:59+00:00"),  # has 23:00 to 24:00 twice
        ("Pacific/Apia", date(2011, 12, 29), "2011-12-30T09:59:59+00:00"),  # the next day is left out
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T09:59:59+00:00"),
        ("America/St_Johns", date(2010, 11, 6), "2010-11-07T03:29:59+00:00"),  # back from 00:01 to 23:01
    ],
)
def test_the_last_second_of_a_day_at_which_clocks_change(name: str, day: date, expected: str) -> None:
    assert last_second(day, ZoneInfo(name)).isoformat() == expected


@pytest.mark.parametrize("name", ["America/New_York", "Pacific/Auckland", "UTC"])
def test_the_first_and_the_last_day_of_all_have_a_last_second_too(name: str) -> None:
    assert last_second(date.max, ZoneInfo(name)) > datetime(9999, 12, 30, tzinfo=UTC)
    assert last_second(date.min, ZoneInfo(name)) < datetime(1, 1, 3, tzinfo=UTC)


def test_until_is_included_and_after_is_not() -> None:
    cron, hour = parse("0 * * * *"), timedelta(hours=1)
    assert list(due_times(cron, BERLIN, after=NOON, until=NOON + 2 * hour)) == [NOON + hour, NOON + 2 * hour]
    assert list(due_times(cron, BERLIN, after=NOON, until=NOON)) == []


def test_due_times_are_counted_up_to_the_cap() -> None:
    cron = parse("0 0 * * *")
    assert count_until(cron, BERLIN, after=NOON, until=NOON + YEAR, cap=1_000) == 365
    assert count_until(cron, BERLIN, after=NOON, until=NOON + YEAR, cap=10) == 10
    assert count_until(cron, BERLIN, after=NOON, until=NOON, cap=10) == 0


def test_elapsed_time_is_even_through_a_repeated_hour() -> None:
    start = datetime(2027, 10, 30, 22, tzinfo=UTC)
    found = list(due_times(parse("*/15 * * * *"), BERLIN, after=start, until=start + timedelta(hours=6)))
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(minutes=15)}
    assert len(found) == 24


def test_a_yearly_time_in_the_repeated_hour_comes_twice_even_if_the_next_one_is_repeated_too() -> None:
    # A Sunday, 25 October, of which the first pass ends just after 02:59; the next one is in 2037.
    cron = parse("*/59 2 25 10 */6")
    first_pass = datetime(2026, 10, 25, 0, 59, tzinfo=UTC)
    assert next_after(cron, BERLIN, first_pass) == datetime(2026, 10, 25, 1, 0, tzinfo=UTC)


def test_offsets_with_seconds_leave_readings_whole_minutes() -> None:
    # Liberia, at -00:44:30 until 7 January 1972, 00:00, then at 00:44:30.
    liberia, start = ZoneInfo("Africa/Monrovia"), datetime(1972, 1, 6, 12, tzinfo=UTC)
    assert next_after(parse("0 20 * * *"), liberia, start) == datetime(1972, 1, 6, 20, 44, 30, tzinfo=UTC)
    assert next_after(parse("15 0 * * *"), liberia, start) == datetime(1972, 1, 7, 0, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "gap"),
    [
        ("* * * * *", timedelta(minutes=1)),
        ("*/7 * * * *", timedelta(minutes=4)),
        ("0 9-17 * * *", timedelta(hours=1)),
        ("0,59 0,23 * * *", timedelta(minutes=1)),
        ("59 23 1 * *", timedelta(days=28)),
        ("0 0 * * 1", timedelta(days=7)),
        ("0 0 * * 0,6", timedelta(days=1)),
        ("0,30 0,23 * * 1", timedelta(minutes=30)),
        ("0 0 1,31 * *", timedelta(days=1)),
        ("0 0 31 * *", timedelta(days=31)),
        ("0 0 29 2 *", timedelta(days=1461)),
        ("0 0 29 2 */6", timedelta(days=12 * 365 + 3)),  # a Saturday, and twelve years later a Sunday
        ("0 0 1 * 1", timedelta(days=1)),
        ("0 2,22 * * *", timedelta(hours=4)),
        ("0 2,22 * * 1", timedelta(hours=20)),
    ],
)
def test_the_shortest_time_between_two_due_times(expression: str, gap: timedelta) -> None:
    assert shortest_gap(parse(expression)) == gap


@pytest.mark.parametrize(
    ("expression", "pair"),
    [
        ("* * * * *", None),
        ("*/5 9-17 * * *", None),
        ("*/7 * * * *", (56, 60)),
        ("0,58 * * * *", (58, 60)),
        ("0,59 0,23 * * *", (23 * 60 + 59, 0)),
        ("30 2 * * *", None),
    ],
)
def test_the_closest_due_times_if_not_all_are_as_close(expression: str, pair: tuple[int, int] | None) -> None:
    assert uneven_pair(parse(expression)) == pair
