"""How often a schedule is due in a stretch of time, without going through each of its due times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from schedules.cron.days import matching_days, next_time
from schedules.cron.due_times import due_times
from schedules.cron.expression import Cron

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_MIDNIGHT = 24 * 60


@dataclass(frozen=True)
class Tally:
    """The first and last due time, in UTC, and how many there are with them."""

    first: datetime
    last: datetime
    count: int


def tally(cron: Cron, zone: ZoneInfo, *, begin: datetime, end: datetime) -> Tally | None:
    """Count the due times from `begin` up to but not including `end`, a few days at most; None if there are none."""
    if begin >= end:
        return None
    if not _is_steady(zone, begin, end):
        found = list(due_times(cron, zone, after=begin - _MICROSECOND, until=end - _MICROSECOND))
        return Tally(found[0], found[-1], len(found)) if found else None
    readings = list(_readings(cron, _wall(begin, zone), _wall(end, zone)))
    if not readings:
        return None
    first, last = (reading.replace(tzinfo=zone).astimezone(UTC) for reading in (readings[0][0], readings[-1][1]))
    return Tally(first, last, sum(count for _, _, count in readings))


def _is_steady(zone: ZoneInfo, begin: datetime, end: datetime) -> bool:
    """Whether no change of the clock falls into this time, or so shortly before that it moves a due time into it."""
    moments = [begin - _DAY]
    while moments[-1] < end:
        moments.append(min(moments[-1] + _DAY, end))
    return len({moment.astimezone(zone).utcoffset() for moment in moments}) == 1


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """The reading of the clock, naive, up to the next whole minute."""
    local = moment.astimezone(zone).replace(tzinfo=None)
    whole = local.replace(second=0, microsecond=0)
    return whole if whole == local else whole + timedelta(minutes=1)


def _readings(cron: Cron, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, int]]:
    """For each matching day: the first and last reading of the clock, and how many there are."""
    day = begin.date()
    while day <= end.date():
        low = begin.hour * 60 + begin.minute if day == begin.date() else 0
        high = end.hour * 60 + end.minute if day == end.date() else _MIDNIGHT
        count = _before(cron, high) - _before(cron, low)
        if count and _matches(cron, day):
            first = next_time(cron, *divmod(low, 60))
            assert first, "there is one, or the count would be 0"
            yield _at(day, *first), _at(day, *_last_before(cron, high)), count
        day += _DAY


def _matches(cron: Cron, day: date) -> bool:
    return bool(cron.months >> day.month & 1 and matching_days(cron, day.year, day.month) >> day.day & 1)


def _before(cron: Cron, minute_of_day: int) -> int:
    """How many of a day's times are earlier than this."""
    hour, minute = divmod(minute_of_day, 60)
    whole = _below(cron.hours, hour).bit_count() * cron.minutes.bit_count()
    return whole + (_below(cron.minutes, minute).bit_count() if cron.hours >> hour & 1 else 0)


def _last_before(cron: Cron, minute_of_day: int) -> tuple[int, int]:
    """The last (hour, minute) earlier than this; there has to be one."""
    hour, minute = divmod(minute_of_day, 60)
    earlier = _below(cron.minutes, minute)
    if cron.hours >> hour & 1 and earlier:
        return hour, earlier.bit_length() - 1
    return _below(cron.hours, hour).bit_length() - 1, cron.minutes.bit_length() - 1


def _below(mask: int, number: int) -> int:
    return mask & ((1 << number) - 1)


def _at(day: date, hour: int, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001
