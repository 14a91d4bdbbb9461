from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

import pytest

from schedules.cron import ZoneError, choices, due_times, parse, show, shown, zone

NOW = datetime(2026, 11, 26, 1, 30, tzinfo=UTC)


def test_a_form_offers_each_place_once_and_utc_first() -> None:
    offered = choices(now=NOW)
    names = [choice.name for choice in offered]
    assert names[0] == "UTC"
    assert names[1:] == sorted(set(names[1:]))
    assert {"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Antarctica/Troll"} <= set(names)
    assert not {"CET", "Asia/Calcutta", "Etc/GMT-5", "US/Pacific"} & set(names)
    assert 350 < len(names) < 500


def test_a_choice_is_shown_with_its_present_offset() -> None:
    labels = {choice.name: choice.label for choice in choices(now=NOW)}
    assert labels["America/New_York"] == "America/New York (-05:00)"
    assert labels["Asia/Kathmandu"] == "Asia/Kathmandu (+05:45)"


def test_everything_offered_is_accepted_and_so_are_older_names() -> None:
    for choice in choices(now=NOW):
        assert zone(choice.name).key == choice.name
    assert zone("Asia/Calcutta").key == "Asia/Calcutta"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "The time zone is missing."),
        (
            "CET",
            '"CET" is not a time zone that Mantik offers. Choose a city\'s time zone, such as Europe/Berlin, or UTC.',
        ),
        ("Etc/GMT-5", "Choose a city's time zone"),
        ("../../etc/passwd", "Choose a city's time zone"),
        ("Europe/Berlin\x00", "is not a time zone that Mantik offers."),
        ("europe/berlin", "Did you mean Europe/Berlin?"),
        ("Berlin", "Did you mean Europe/Berlin?"),
        ("New York", "Did you mean America/New_York?"),
        ("US/Eastern", "Did you mean America/New_York?"),
        ("Japan", "Did you mean Asia/Tokyo?"),
        ("Zulu", "Did you mean UTC?"),
        ("Europe/Belrin", "Did you mean Europe/Berlin?"),
    ],
)
def test_what_is_no_zone_of_a_place_is_refused_with_what_to_choose(name: str, message: str) -> None:
    with pytest.raises(ZoneError) as refused:
        zone(name)
    assert message in refused.value.message


def test_a_long_name_is_cut_short_in_the_sentence() -> None:
    with pytest.raises(ZoneError) as refused:
        zone("x" * 100_000)
    assert len(refused.value.message) < 200


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Europe/Berlin", "Thu 26 Nov 2026 02:30 CET (+01:00)"),
        ("UTC", "Thu 26 Nov 2026 01:30 UTC (+00:00)"),
        ("America/Nuuk", "Wed 25 Nov 2026 23:30 -02:00"),
    ],
)
def test_a_due_time_is_shown_with_weekday_zone_and_offset(name: str, text: str) -> None:
    assert show(NOW, zone(name)) == text


def test_a_change_of_the_clock_between_two_due_times_is_marked() -> None:
    berlin, start = zone("Europe/Berlin"), datetime(2027, 3, 27, tzinfo=UTC)
    found = due_times(parse("30 2 * * *"), berlin, after=start, until=start + timedelta(days=3))
    rows = list(shown(found, berlin))
    assert [(row.text, row.mark) for row in rows] == [
        ("Sat 27 Mar 2027 02:30 CET (+01:00)", ""),
        ("Sun 28 Mar 2027 03:00 CEST (+02:00)", "clocks go forward 1 h"),
        ("Mon 29 Mar 2027 02:30 CEST (+02:00)", ""),
    ]
    assert rows[1].utc == "Sun 28 Mar 2027 01:00 UTC (+00:00)"
    assert rows[1].offset == "+02:00"


def test_the_first_due_time_is_marked_if_clocks_change_before_it() -> None:
    lord_howe, before = zone("Australia/Lord_Howe"), datetime(2026, 4, 4, tzinfo=UTC)
    (row,) = shown([datetime(2026, 4, 5, tzinfo=UTC)], lord_howe, previous=before)
    assert row.mark == "clocks go back 30 min"


def test_only_zones_that_this_machine_has_are_offered() -> None:
    assert {choice.name for choice in choices(now=NOW)} <= available_timezones()
