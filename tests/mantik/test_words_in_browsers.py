"""Scripts word times and numbers as the server does: `static/js/words.js` beside `mantik/lib/humanize.py`."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mantik.lib.humanize import clock_duration, measure, number, relative_time, spoken_duration
from tests.support.node import SCRIPTS, results_of

MODULE = "words.js"
ZONES = [UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("America/St_Johns"), ZoneInfo("Pacific/Kiritimati")]
# Noon on no special day, and the hours around a New Year, which is at another time in each zone.
NOWS = [
    datetime(2026, 3, 14, 12, 0, tzinfo=UTC),
    *(datetime(2026, 12, 31, hour, 30, 0, 437_000, tzinfo=UTC) for hour in (0, 9, 10, 11, 22, 23)),
    datetime(2027, 1, 1, 3, 0, tzinfo=UTC),
]
SECONDS = [
    *(0, 44, 45, 89, 90, 150, 210, 3569, 3570, 3600, 86_399, 86_400),
    *(172_799, 172_800, 2_591_999, 2_592_000, 13_000_000, 31_536_000),
]
HALVES = [1.0005, 0.00012345, 2.0625, 9.9995, 464.65, 1000.005, 8566.175, 999_995.5, 1.235e-5, 1.125e7, 1.345e9]
NUMBERS = [
    *(None, 0.0, -0.0, 1.0, 0.5, 999.96, 1000.0, 1e-4, 9.9999e-5, 1e7, 9_999_999.4, 1e300, 5e-324, 123),
    *HALVES,
    *(-value for value in HALVES),
]


def differing(said_of: Sequence[Any], theirs: list[str], ours: list[str]) -> list[tuple[Any, str, str]]:
    return [told for told in zip(said_of, theirs, ours, strict=True) if told[1] != told[2]]


def test_ages() -> None:
    drawn = random.Random(7)
    seconds = SECONDS + [drawn.randrange(10_000_000) for _ in range(200)]
    pairs = [
        ((now + timedelta(seconds=sign * distance)).astimezone(zone).replace(microsecond=0), now.astimezone(zone))
        for now in NOWS
        for distance in seconds
        for sign in (1, -1)
        for zone in ZONES
    ]
    # As `mantik_ui.relative_time` writes it and a browser's clock counts.
    calls = [(moment.isoformat(timespec="seconds"), round(now.timestamp() * 1000)) for moment, now in pairs]
    ours = [relative_time(moment, now=now) for moment, now in pairs]
    assert differing(calls, results_of(MODULE, "relativeTime", calls), ours) == []


def test_days() -> None:
    days = [date(2026, 12, 2) + timedelta(days=37 * step) for step in range(200)]
    calls = [(day.isoformat(),) for day in days]
    ours = [f"{day:%a} {day.day} {day:%b} {day.year}" for day in days]
    assert differing(calls, results_of(MODULE, "dayInWords", calls), ours) == []
    assert results_of(MODULE, "dayInWords", [("",), ("2027-13-01",), ("soon",), ("2027-3-1",)]) == [""] * 4


def test_values_of_metrics() -> None:
    drawn = random.Random(11)
    values: list[float | None] = list(NUMBERS)
    values += [drawn.choice((1, -1)) * drawn.random() * 10 ** drawn.randrange(-9, 12) for _ in range(500)]
    # Halves, as people write them.
    values += [float(f"{drawn.randrange(100, 99_999)}5e{drawn.randrange(-12, 6)}") for _ in range(2000)]
    calls = [(value,) for value in values]
    assert differing(values, results_of(MODULE, "measure", calls), [measure(value) for value in values]) == []


def test_durations() -> None:
    drawn = random.Random(5)
    values = [0, 0.4, 1, 59, 59.999, 60, 61, 3599, 3600, 3661, 86_399, 86_400, 90_000, 360_000, -3]
    values += [drawn.random() * 10 ** drawn.randrange(1, 8) for _ in range(300)]
    values = [round(value, 3) for value in values]
    calls, lengths = [(value,) for value in values], [timedelta(seconds=value) for value in values]
    for name, ours in (("clockDuration", clock_duration), ("spokenDuration", spoken_duration)):
        assert differing(values, results_of(MODULE, name, calls), [ours(length) for length in lengths]) == []


def test_counts() -> None:
    values = [0, 7, 999, 1000, 1204, 999_999, 1_000_000, 2**53]
    assert results_of(MODULE, "number", [(value,) for value in values]) == [number(value) for value in values]


def test_no_other_script_has_words_of_its_own_for_numbers() -> None:
    # The name of the browser's zone is no wording, nor is an order of names.
    wording = re.compile(
        r"toLocale\w*|Intl\.(?!DateTimeFormat\(\)\.resolvedOptions|Collator)|toFixed|toPrecision|toExponential"
    )
    found = {path.relative_to(SCRIPTS).as_posix() for path in SCRIPTS.rglob("*.js") if wording.search(path.read_text())}
    # The marks of a chart's time axis are drawn by the browser alone.
    assert found == {MODULE, "metrics/numbers.js"}
