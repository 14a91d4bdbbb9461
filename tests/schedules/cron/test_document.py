"""docs/schedules.md says what happens: its tables are read and tried."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import pytest

from schedules.cron import CronError, accept, due_times, last_second, parse, zone
from schedules.cron.fields import FIELDS
from tests.schedules.cron.clocks import transitions
from tests.support.places import DOCS

DOCUMENT = (DOCS / "schedules.md").read_text(encoding="utf-8")
ZONES = (
    *("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"),
    *("America/Nuuk", "Antarctica/Troll", "Pacific/Apia", "Africa/Casablanca"),
)


def table(*heads: str) -> list[list[str]]:
    """Cells of the rows below these heads."""
    below = DOCUMENT.split(f"| {' | '.join(heads)} |\n")[1]
    rows = [line for line in below.split("\n\n")[0].splitlines() if line.startswith("|")][1:]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


CHANGES = table("zone", "days", "what the clock does", "schedule", "fires at")


@pytest.mark.parametrize(("name", "days", "what", "expression", "expected"), CHANGES)
def test_where_clocks_change_it_fires_as_the_table_says(
    name: str, days: str, what: str, expression: str, expected: str
) -> None:
    place = zone(name)
    first, _, last = days.partition(" to ")
    after = last_second(date.fromisoformat(first) - timedelta(days=1), place)
    until = last_second(date.fromisoformat(last or first), place)
    found = [moment.astimezone(place) for moment in due_times(accept(expression), place, after=after, until=until)]
    assert [f"{moment:%m-%d %H:%M}{moment.isoformat()[-6:]}" for moment in found] == expected.split(", ")


@pytest.mark.parametrize(("name", "days", "what"), sorted({(name, days, what) for name, days, what, *_ in CHANGES}))
def test_the_clock_does_what_the_table_says(name: str, days: str, what: str) -> None:
    place = zone(name)
    first, _, last = days.partition(" to ")
    start = last_second(date.fromisoformat(first) - timedelta(days=1), place)
    end = last_second(date.fromisoformat(last or first), place) + timedelta(seconds=1)
    (change,) = (moment for moment in transitions(name) if start < moment <= end)
    before = (change - timedelta(seconds=1)).astimezone(place).replace(tzinfo=None) + timedelta(seconds=1)
    told = [time.replace("24:00", "00:00") for time in re.findall(r"\d\d:\d\d", what)]
    assert told == [f"{before:%H:%M}", f"{change.astimezone(place):%H:%M}"]


def test_the_zones_that_are_known_for_trouble_are_in_the_table() -> None:
    assert set(ZONES) <= {row[0] for row in CHANGES}


@pytest.mark.parametrize(("expression", "words"), table("expression", "what it means"))
def test_an_example_means_what_stands_beside_it(expression: str, words: str) -> None:
    assert accept(expression).words == words


@pytest.mark.parametrize(("expression", "why", "instead"), table("expression", "why", "instead"))
def test_what_is_refused_comes_with_what_to_write_instead(expression: str, why: str, instead: str) -> None:
    with pytest.raises(CronError) as refused:
        parse(expression)
    # Either the whole expression is offered, or the value for the field that is at fault.
    changed = [new for old, new in zip(expression.split(), instead.split(), strict=False) if old != new]
    assert instead == refused.value.offer or changed[0] in refused.value.message if instead else not refused.value.offer
    if instead:
        accept(instead)


@pytest.mark.parametrize(("name", "numbers", "names"), table("field", "numbers", "names"))
def test_a_field_takes_the_numbers_and_names_of_the_table(name: str, numbers: str, names: str) -> None:
    field = next(field for field in FIELDS if field.name == name)
    assert re.findall(r"\d+-\d+", numbers) == [field.numbers]
    assert names.split(" to ") == [field.names[0], field.names[-1]] if names else not field.names


def test_the_document_tells_the_two_kinds_apart_as_the_code_does() -> None:
    assert parse("0-59/15 * * * *").wild
    assert not parse("0-59/15 0-23 * * *").wild
    assert parse("*/5,7 2 * * *").wild
    assert not parse("5 2 */2 * */2").wild


def test_what_a_gap_would_move_beyond_the_end_date_does_not_fire() -> None:
    nuuk = zone("America/Nuuk")
    after = datetime.fromisoformat("2026-03-28T12:00:00+00:00")
    until = last_second(date(2026, 3, 28), nuuk)
    assert list(due_times(parse("30 23 * * *"), nuuk, after=after, until=until)) == []
