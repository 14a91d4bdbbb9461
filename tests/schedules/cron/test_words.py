from __future__ import annotations

import random

import pytest

from schedules.cron import parse
from tests.schedules.cron.clocks import specs


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("*/30 * * * *", "every 30 minutes"),
        ("15,45 8-18 * * *", "every 30 minutes from 08:15 to 18:45"),
        ("0 0 1 * 0-6", "on the 1st of every month and also on every day at 00:00"),
        ("5-59/10 * * * *", "every 10 minutes from minute 5"),
        ("*/7 * * * *", "every 7 minutes of each hour"),
        ("*/7 */2 * * *", "every 7 minutes of every 2nd hour"),
        ("*/7 1,3,5,7 * * *", "every 7 minutes of hours 1, 3, 5 and 7"),
        ("*/59 * * * *", "at minutes 0 and 59 of every hour"),
        ("0 * * * *", "every hour"),
        ("30 * * * *", "every hour at minute 30"),
        ("5,10,42 * * * *", "at minutes 5, 10 and 42 of every hour"),
        ("5,10,42 1,2,17 * * *", "at minutes 5, 10 and 42 of hours 1, 2 and 17"),
        ("30 2 * * *", "every day at 02:30"),
        ("30 2 * * 1-5", "every weekday at 02:30"),
        ("30 2 * * 0,6", "every Saturday and Sunday at 02:30"),
        ("30 2 * * 7", "every Sunday at 02:30"),
        ("*/30 2 * * *", "every day at 02:00 and 02:30"),
        ("0-29 2 * * *", "every minute from 02:00 to 02:29"),
        ("0 9-17 * * *", "every hour from 09:00 to 17:00"),
        ("30 */2 * * *", "every 2 hours from 00:30 to 22:30"),
        ("*/15 9-17 * * 1-5", "every 15 minutes from 09:00 to 17:45 on every weekday"),
        ("* 2,14 * * *", "every minute from 02:00 to 02:59 and from 14:00 to 14:59"),
        ("*/20 */4 * * *", "every 20 minutes of every 4th hour"),
        ("* 1,3,5,7,9 * * *", "every minute of hours 1, 3, 5, 7 and 9"),
        ("0 1,2,3,5,8,13,21 * * 0", "every Sunday at 01:00, 02:00, 03:00, 05:00, 08:00, 13:00 and 21:00"),
        ("0 0 29 2 *", "on the 29th of February at 00:00"),
        ("0 2 31 * *", "on the 31st of every month that has one at 02:00"),
        ("48 14 31 jun sun", "on every Sunday in June at 14:48"),
        ("48 14 30,31 jun sun", "on the 30th of June and also on every Sunday in June at 14:48"),
        ("48 14 31 jun,jul sun", "on the 31st of July and also on every Sunday in June and July at 14:48"),
        ("0 2 30,31 apr,may *", "on the 30th and 31st of April and May at 02:00"),
        ("0 2 31 apr,may *", "on the 31st of May at 02:00"),
        ("0 2 */2 * *", "on every 2nd day of every month from the 1st at 02:00"),
        ("5 0 * 8 *", "every day in August at 00:05"),
        ("0 0 1 */3 *", "on the 1st of January, April, July and October at 00:00"),
        ("0 4 1-7 6-8 1", "on the 1st to 7th of June to August and also on every Monday in June to August at 04:00"),
        ("0 0 1 * 1", "on the 1st of every month and also on every Monday at 00:00"),
        ("0 0 */30 * 1", "every Monday that is day 1 or 31 of the month at 00:00"),
        ("*/10 * 1 * *", "every 10 minutes on the 1st of every month"),
    ],
)
def test_an_expression_in_words(expression: str, words: str) -> None:
    assert parse(expression).words == words


def test_expressions_of_different_meaning_have_different_words() -> None:
    chance = random.Random(29)
    meanings: dict[str, tuple[object, ...]] = {}
    for _ in range(4_000):
        cron = parse(specs(chance).text)
        days = cron.months_by_first, cron.months
        assert meanings.setdefault(cron.words, (cron.minutes, cron.hours, days)) == (cron.minutes, cron.hours, days), (
            cron.expression,
            cron.words,
        )
