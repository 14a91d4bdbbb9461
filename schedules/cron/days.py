"""Which days match, which times of a day, and the next matching reading of the clock.

Everything here is naive wall-clock time; time zones are added in `due_times`. A month's matching days are one int, so
even a 29 February that must be a Monday, up to 40 years away, is found in some microseconds.
"""

from __future__ import annotations

from datetime import MAXYEAR, date, datetime, timedelta
from itertools import pairwise

from schedules.cron.expression import Cron
from schedules.cron.fields import LENGTHS, bits, first_from, members

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_THIRTY = bits(range(1, 31))
_TWENTY_EIGHT = bits(range(1, 29))


def matching_days(cron: Cron, year: int, month: int) -> int:
    """The days of this month that match, bit d for day d. Whether the month matches is not checked."""
    days = cron.months_by_first[date(year, month, 1).weekday()]
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return days & (_TWENTY_EIGHT | leap << 29)
    return days if LENGTHS[month] == 31 else days & _THIRTY


def next_day(cron: Cron, day: date) -> date | None:
    """The first matching day from `day` on; None beyond the year 9999."""
    year, month, number = day.year, day.month, day.day
    while year <= MAXYEAR:
        month = first_from(cron.months, month)
        if month < 0:
            year, month, number = year + 1, 1, 1
            continue
        if (year, month) != (day.year, day.month):
            number = 1
        found = first_from(matching_days(cron, year, month), number)
        if found > 0:
            return date(year, month, found)
        month += 1
    return None


def next_time(cron: Cron, hour: int, minute: int) -> tuple[int, int] | None:
    """The first (hour, minute) of a day from this one on."""
    if cron.hours >> hour & 1:
        found = first_from(cron.minutes, minute)
        if found >= 0:
            return hour, found
    hour = first_from(cron.hours, hour + 1)
    return (hour, first_from(cron.minutes, 0)) if hour >= 0 else None


def next_wall(cron: Cron, wall: datetime) -> datetime | None:
    """The first matching reading from `wall`, naive and without seconds, on; None beyond the year 9999."""
    day = next_day(cron, wall.date())
    if day == wall.date():
        time = next_time(cron, wall.hour, wall.minute)
        if time:
            return wall.replace(hour=time[0], minute=time[1])
        day = next_day(cron, day + _DAY) if day < date.max else None
    if day is None:
        return None
    return datetime(day.year, day.month, day.day, first_from(cron.hours, 0), first_from(cron.minutes, 0))  # noqa: DTZ001


def ever(cron: Cron) -> bool:
    """Whether any day matches at all. Every date falls on every weekday within 400 years, 29 February too."""
    if cron.either:
        return True
    return any(first_from(cron.days, 1) <= LENGTHS[month] for month in members(cron.months))


def shortest_gap(cron: Cron) -> timedelta:
    """The least time between two firings, by a clock that is never changed: compared with the operators' floor.

    On a day when the clocks change, two may be closer: `30 2,3 * * *` fires at 03:00 and 03:30 if 02:30 is left out.
    """
    return min(gap for gap, _, _ in _gaps(cron)) * _MINUTE


def uneven_pair(cron: Cron) -> tuple[int, int] | None:
    """The minutes of the day of two firings in a row that are as close as `shortest_gap`; None if all are as close."""
    gaps = _gaps(cron)
    shortest = min(gap for gap, _, _ in gaps)
    # Between the last firing of a day and the first of the next one there may be a night.
    if all(gap == shortest for gap, earlier, later in gaps if earlier < later):
        return None
    return next((earlier, later) for gap, earlier, later in gaps if gap == shortest)


def _gaps(cron: Cron) -> list[tuple[int, int, int]]:
    """From each firing of a day to the next: minutes in between, and the minutes of the day of both."""
    times = [hour * 60 + minute for hour in members(cron.hours) for minute in members(cron.minutes)]
    overnight = _closest_days(cron) * (_DAY // _MINUTE) + times[0] - times[-1]
    return [
        *((later - earlier, earlier, later) for earlier, later in pairwise(times)),
        (overnight, times[-1], times[0]),
    ]


def _closest_days(cron: Cron) -> int:
    """The least number of days from one matching day to the next.

    Weekdays and leap years come round every 28 years, and twice that shows a pair of every kind. Around a century
    without its leap day, no expression that can be written has days closer than those.
    """
    closest = 28 * 366
    previous = None
    day = next_day(cron, date(2001, 1, 1))
    while day and day.year < 2001 + 2 * 28 + 1:
        if previous:
            closest = min(closest, (day - previous).days)
        if closest == 1:
            break
        previous, day = day, next_day(cron, day + _DAY)
    return closest
