from __future__ import annotations

import random
import re

import pytest
from celery.schedules import crontab
from croniter import croniter
from hypothesis import given
from hypothesis import strategies as st

from schedules.cron import CronError, accept, parse
from tests.schedules.cron.clocks import specs
from tests.support.examples import examples


def numbers(mask: int) -> list[int]:
    return [number for number in range(64) if mask >> number & 1]


def refusal(expression: str) -> CronError:
    with pytest.raises(CronError) as refused:
        parse(expression)
    return refused.value


@pytest.mark.parametrize(
    ("expression", "part", "expected"),
    [
        ("5 * * * *", "minutes", [5]),
        ("05 * * * *", "minutes", [5]),
        ("50-59/3,1 * * * *", "minutes", [1, 50, 53, 56, 59]),
        ("*/25 * * * *", "minutes", [0, 25, 50]),
        ("*/59 * * * *", "minutes", [0, 59]),
        ("*/5,7 */12 * * *", "hours", [0, 12]),
        ("0 0 */10 * *", "days", [1, 11, 21, 31]),
        ("0 0 1 jan,Mar-MAY *", "months", [1, 3, 4, 5]),
        ("0 0 * * 7", "weekdays", [0]),
        ("0 0 * * 0", "weekdays", [0]),
        ("0 0 * * sun", "weekdays", [0]),
        ("0 0 * * 5-7", "weekdays", [0, 5, 6]),
        ("0 0 * * 1-7/2", "weekdays", [0, 1, 3, 5]),
        ("0 0 * * 0-7", "weekdays", [0, 1, 2, 3, 4, 5, 6]),
        ("0 0 * * MON-FRI", "weekdays", [1, 2, 3, 4, 5]),
        ("0 0 * * */2", "weekdays", [0, 2, 4, 6]),
    ],
)
def test_a_field_stands_for_its_numbers(expression: str, part: str, expected: list[int]) -> None:
    assert numbers(getattr(parse(expression), part)) == expected


def test_spaces_and_capitals_do_not_matter() -> None:
    assert parse("  0\t9 * *  mon-fri \n") == parse("0 9 * * MON-FRI")
    assert str(parse(" 0  9 * * mon ")) == "0 9 * * MON"


@pytest.mark.parametrize(
    ("expression", "either"),
    [("0 0 1 * 1", True), ("0 0 */2 * 1", False), ("0 0 1 * */2", False), ("0 0 * * 1", False), ("0 0 1-31 * 1", True)],
)
def test_a_day_field_is_restricted_unless_it_begins_with_a_star(expression: str, either: bool) -> None:
    assert parse(expression).either is either


@pytest.mark.parametrize(
    ("expression", "field", "message"),
    [
        ("", "", "is empty. Write five fields"),
        ("* * * *", "", "has 4 fields instead of five"),
        ("5", "", "has 1 field instead of five"),
        ("* " * 150, "", "has 299 characters, but at most 200 are allowed"),
        ("0 0 0 * *", "day of month", '"0" is out of range. Write a number from 1-31.'),
        ("60 * * * *", "minute", '"60" is out of range. Write 0 for the full hour, or a number from 0-59.'),
        ("0 24 * * *", "hour", "Write 0 for midnight"),
        ("0 0 * 13 *", "month", "Write a number from 1-12."),
        ("0 0 * * 8", "day of week", "Write a number from 0-7."),
        ("0 0 * FOO *", "month", '"FOO" is not understood. This field takes numbers 1-12 or JAN to DEC'),
        ("0 0 * MON *", "month", '"MON" belongs in the day of week field'),
        ("0 0 * * Monday", "day of week", "Write MON."),
        ("1,,2 * * * *", "minute", '"1,,2" has nothing on one side of a comma'),
        ("-5 * * * *", "minute", '"-5" is not understood'),
        ("5- * * * *", "minute", '"5-" is not understood'),
        ("1_0 * * * *", "minute", '"1_0" is not understood'),
        ("+5 * * * *", "minute", '"+5" is not understood'),
        ("\N{ARABIC-INDIC DIGIT THREE} * * * *", "", "Write digits 0-9"),
        ("0 0 1\N{EN DASH}5 * *", "", 'has the character "\N{EN DASH}" in it'),
        ("0\N{NO-BREAK SPACE}0 * * *", "", 'has the character "U+00A0" in it'),
        ("0 0 * * *\n0 1 * * *", "", 'has the character "U+000A" in it'),
        ("0 0 * * *\x00", "", 'has the character "U+0000" in it'),
        ("5-1 * * * *", "minute", "Write 5-59,0-1."),
        ("0 22-2 * * *", "hour", "Write 22-23,0-2."),
        ("0 0 * * FRI-SUN", "day of week", "Write 5-7."),
        ("0 0 * * FRI-MON", "day of week", "Write 5-6,0-1."),
        ("0 22-2/2 * * *", "hour", "List the values instead."),
        ("*/0 * * * *", "minute", "has a step of 0"),
        ("*/61 * * * *", "minute", "it means 0 only. Write 0."),
        ("*/60 * * * *", "minute", "Write 0."),
        ("0 */24 * * *", "hour", "Write 0."),
        ("10-20/15 * * * *", "minute", "Write 10."),
        ("5/10 * * * *", "minute", "Write 5-59/10 or 5."),
        ("*/ * * * *", "minute", "has no number after the /"),
        ("*,5 * * * *", "minute", "Write * alone."),
        ("7,*/5 * * * *", "minute", "Write */5,7."),
        ("*/5,*/7 * * * *", "minute", "Write the numbers themselves."),
        ("0 0 L * *", "day of month", "L (the last day)"),
        ("0 0 L-3 * *", "day of month", "L (the last day)"),
        ("0 0 LW * *", "day of month", "L (the last day)"),
        ("0 0 * * 5L", "day of week", "L (the last day)"),
        ("0 0 15W * *", "day of month", "W (the nearest weekday)"),
        ("0 0 * * MON#2", "day of week", "# (the n-th weekday of the month)"),
        ("0~30 * * * *", "minute", "a time that the tool chooses"),
        ("H(0-29) * * * *", "minute", "a time that the tool chooses"),
        ("@reboot", "", '"@reboot" is not standard cron'),
        ("@every 7m", "", '"@every 7m" is not standard cron'),
        ("@every 0h", "", '"@every 0h" is not standard cron'),
        ("*/15 * * * * *", "", "has 6 fields. Standard cron has five"),
        ("CRON_TZ=UTC 0 0 * * *", "", "Choose the time zone in its own field."),
        ("0 0 30 2 *", "day of month", 'would never fire: no month in "2" has a day in "30"'),
        ("0 0 31 2,4,6,9,11 *", "day of month", "would never fire"),
        ("0 0 30 FEB */2", "day of month", "would never fire"),
    ],
)
def test_what_is_refused_is_told_with_field_value_and_remedy(expression: str, field: str, message: str) -> None:
    error = refusal(expression)
    assert message in error.message
    assert error.field == field
    assert error.message.endswith((".", "?"))
    # Where the sentence says what to write in the field, a whole expression with that is offered.
    remedy = re.search(r"Write ([0-9A-Z*,/-]+)(?: alone)?\.$", error.message)
    assert bool(error.offer) == bool(remedy)
    if remedy:
        assert remedy[1] in parse(error.offer).expression.split()


@pytest.mark.parametrize(
    ("expression", "offer"),
    [
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 0"),
        ("@Daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
        ("@every 5m", "*/5 * * * *"),
        ("@every 1m", "* * * * *"),
        ("@every 60m", "0 * * * *"),
        ("@every 6h0s", "0 */6 * * *"),
        ("@every 24h", "0 0 * * *"),
        ("H H * * *", "17 3 * * *"),
        ("H/15 * * * *", "*/15 * * * *"),
        ("R * * * *", "17 * * * *"),
        ("0 0 ? * 1", "0 0 * * 1"),
        ("0 30 2 * * ?", "30 2 * * *"),
        ("0 30 2 ? * MON *", "30 2 * * MON"),
    ],
)
def test_what_has_an_equivalent_in_standard_cron_comes_with_it(expression: str, offer: str) -> None:
    error = refusal(expression)
    assert error.offer == offer
    assert offer in error.message
    assert accept(offer)


@pytest.mark.parametrize("expression", ["0 0 29 2 *", "0 0 31 2,3 *", "0 0 30 2 1", "0 0 29 2 */6"])
def test_what_fires_at_some_time_is_accepted(expression: str) -> None:
    assert parse(expression)


@examples(100, 4000)
@given(st.text(max_size=30) | st.text("0123456789*/-,@ \tHLW#?JANMOSUadily", max_size=60))
def test_anything_else_is_refused_with_a_sentence_and_never_with_another_error(text: str) -> None:
    assert outcome(text).endswith((".", "?", "accepted"))


def outcome(text: str) -> str:
    try:
        accept(text)
    except CronError as error:
        return error.message
    return "accepted"


def test_what_croniter_would_read_differently_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(croniter, "expand", lambda _: ([[1], ["*"], ["*"], ["*"], ["*"]], {}))
    assert accept("1 * * * *")
    with pytest.raises(CronError, match=r'"2 \* \* \* \*" is read differently by other tools'):
        accept("2 * * * *")


def test_celery_takes_the_columns_of_a_crontab_and_reads_the_same_values() -> None:
    chance = random.Random(23)
    for _ in range(300):
        cron = parse(specs(chance).text)
        read = crontab(**cron.crontab)
        assert [sorted(getattr(read, column)) for column in cron.crontab] == [
            numbers(mask) for mask in (cron.minutes, cron.hours, cron.days, cron.months, cron.weekdays)
        ]


def test_the_columns_of_a_crontab_are_as_short_as_django_celery_beat_needs_them() -> None:
    cron = parse("0,2,4,5,7,9,11,13,15,17,19,21,23,25,27,29 9-17 1 * 1-7")
    assert cron.crontab["hour"] == "9-17"
    assert cron.crontab["day_of_week"] == "*"
    assert cron.crontab["minute"] == "0,2,4-5,7,9,11,13,15,17,19,21,23,25,27,29"
