from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mantik.lib import humanize

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=44), "just now"),
        (timedelta(seconds=45), "1 min ago"),
        (timedelta(minutes=2), "2 min ago"),
        (timedelta(minutes=59, seconds=29), "59 min ago"),
        (timedelta(minutes=59, seconds=30), "1 h ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "yesterday"),
        (timedelta(days=2), "2 days ago"),
        (timedelta(days=29, hours=23), "29 days ago"),
        (timedelta(days=30), "26 Oct"),
        (timedelta(days=400), "21 Oct 2025"),
        (timedelta(seconds=-5), "now"),
        (timedelta(hours=-10), "in 10 h"),
        (timedelta(days=-1), "tomorrow"),
        (timedelta(days=-3), "in 3 days"),
    ],
)
def test_the_age_of_a_moment(ago: timedelta, words: str) -> None:
    assert humanize.relative_time(NOW - ago, now=NOW) == words


def test_a_date_is_that_of_the_readers_zone() -> None:
    moment = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert humanize.relative_time(moment, now=NOW.astimezone(BERLIN)) == "2 Mar"


def test_an_absolute_time_names_its_zone() -> None:
    moment = datetime(2026, 11, 23, 13, 2, 9, tzinfo=UTC)
    assert humanize.absolute_time(moment, zone=BERLIN) == "23 Nov 2026 14:02 CET"
    assert humanize.exact_time(moment, zone=BERLIN) == "23 Nov 2026 14:02:09 CET (+01:00)"


def test_a_zone_without_a_name_of_its_own_is_its_offset() -> None:
    moment = datetime(2026, 11, 23, 13, 2, 9, tzinfo=UTC).astimezone(ZoneInfo("America/Sao_Paulo"))
    assert humanize.exact_time(moment) == "23 Nov 2026 10:02:09 -03:00"


@pytest.mark.parametrize(
    ("length", "column", "sentence"),
    [
        (timedelta(0), "00:00", "0 s"),
        (timedelta(seconds=-3), "00:00", "0 s"),
        (timedelta(minutes=18, seconds=4), "18:04", "18 min 4 s"),
        (timedelta(hours=1, minutes=2, seconds=40), "1:02:40", "1 h 2 min"),
        (timedelta(hours=2, seconds=5), "2:00:05", "2 h"),
        (timedelta(days=3, hours=4), "76:00:00", "3 d 4 h"),
    ],
)
def test_a_duration_in_a_column_and_in_a_sentence(length: timedelta, column: str, sentence: str) -> None:
    assert humanize.clock_duration(length) == column
    assert plain(humanize.spoken_duration(length)) == sentence


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (213_600, "214 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (1_234_567, "1.2 MB"),
        (9_960_000, "10 MB"),
        (5_400_000_000_000_000, "5,400 TB"),
    ],
)
def test_a_size(size: int, words: str) -> None:
    assert plain(humanize.filesize(size)) == words


def test_no_size_is_rounded_to_nothing() -> None:
    sizes = [first * 10**power + more for power in range(15) for first in (1, 4, 9) for more in (-1, 0, 1)]
    assert [size for size in sizes if size > 0 and re.match(r"0(\.0)?\s", humanize.filesize(size))] == []


@pytest.mark.parametrize(
    ("amount", "words"),
    [(0, "0.0"), (0.01, "< 0.1"), (0.05, "0.1"), (0.94, "0.9"), (99.94, "99.9"), (1340.2, "1,340")],
)
def test_core_hours_are_never_shown_as_none_when_there_were_some(amount: float, words: str) -> None:
    assert plain(humanize.core_hours(amount)) == f"{words} core-hours"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "not a number"),
        (0.0, "0"),
        (-0.0, "0"),
        (0.401_93, "0.4019"),
        (2.0625, "2.063"),
        (1.0005, "1.001"),
        (float("inf"), "not a number"),
        (-0.5, "-0.5"),
        (100.0, "100"),
        (999.96, "1,000"),
        (1204.0, "1,204"),
        (1_234_567.0, "1,234,570"),
        (3.2e-7, "3.20e-7"),
        (11_250_000.0, "1.13e7"),
    ],
)
def test_a_metric_is_as_short_as_it_can_be_told_apart(value: float | None, words: str) -> None:
    assert humanize.measure(value) == words


def test_numbers_and_commits() -> None:
    assert humanize.number(1204) == "1,204"
    assert humanize.short_sha("a41f9c2b7d5e") == "a41f9c2"
