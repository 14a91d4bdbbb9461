"""When a schedule is due: the only place that decides this, for preview, list and firing alike.

The local time in the schedule's zone counts. When the clocks are changed:

* Times that are skipped (spring) fire at the first whole minute after the gap, once, however many were skipped. A wild
  schedule (`Cron.wild`) does so only on a day of which every due time was skipped; otherwise it follows elapsed time.
* A time that comes twice (autumn) fires the first time only; with a wild schedule, both times.

The due times after a moment depend only on that moment, so computing them can start anywhere.

This is arithmetic of our own on zoneinfo because no library has these rules: croniter fires a fixed time twice in
autumn, cronsim drops `*/30 2 * * *` in spring and can, restarted in a repeated hour, answer with the past. croniter
checks what people type (`crosscheck`); cronsim is what the tests compare with.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from schedules.cron import wall
from schedules.cron.days import next_wall
from schedules.cron.expression import Cron

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def next_after(cron: Cron, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first due time later than `after`, in UTC; None if there is none before the year 10000.

    `after` is aware, in any zone: ValueError otherwise.
    """
    if after.tzinfo is None:
        raise ValueError("It takes a moment with its zone, not a naive one.")
    after = after.astimezone(UTC)
    try:
        return _wild(cron, zone, after) if cron.wild else _fixed(cron, zone, after)
    except OverflowError:  # datetime has no year 10000
        return None


def due_times(cron: Cron, zone: ZoneInfo, *, after: datetime, until: datetime) -> Iterator[datetime]:
    """Every due time later than `after` up to and including `until`, ascending, in UTC."""
    found = next_after(cron, zone, after)
    while found is not None and found <= until:
        yield found
        found = next_after(cron, zone, found)


def count_until(cron: Cron, zone: ZoneInfo, *, after: datetime, until: datetime, cap: int) -> int:
    """How many `due_times` there are, counted up to `cap`."""
    return sum(1 for _ in islice(due_times(cron, zone, after=after, until=until), cap))


def last_second(day: date, zone: ZoneInfo) -> datetime:
    """The last second, in UTC, of this day in the zone: the `until` of a schedule that ends on it."""
    try:
        midnight = datetime.combine(day + _DAY, datetime.min.time())
        moments = wall.moments(zone, midnight)
        # A midnight that comes twice ends the day for good the second time.
        following = moments[-1] if moments else wall.end_of_gap(zone, midnight)
        return following - timedelta(seconds=1)
    except OverflowError:  # the last day that there is, which people do type
        return _LAST


def _fixed(cron: Cron, zone: ZoneInfo, after: datetime) -> datetime | None:
    reading = next_wall(cron, wall.new_from(zone, after))
    while reading is not None:
        moments = wall.moments(zone, reading)
        found = moments[0] if moments else wall.end_of_gap(zone, reading)
        if found > after:
            return found
        reading = next_wall(cron, reading + _MINUTE)
    return None


def _wild(cron: Cron, zone: ZoneInfo, after: datetime) -> datetime | None:
    start = wall.next_minute(zone, after)
    found = _elapsed(cron, zone, start, after)
    back = wall.comes_again(zone, after)
    if not back or (found and found - after < back):
        return found
    # The clock is put back before it gets to what was found, and readings before that of `after` come again.
    again = _elapsed(cron, zone, start - back, after)
    return min((moment for moment in (found, again) if moment), default=None)


def _elapsed(cron: Cron, zone: ZoneInfo, start: datetime, after: datetime) -> datetime | None:
    """The first moment later than `after` with a matching reading from `start` on."""
    reading = next_wall(cron, start)
    while reading is not None:
        moments = wall.moments(zone, reading)
        if not moments:
            resumed = wall.end_of_gap(zone, reading)
            local = wall.reading(zone, resumed)
            if resumed > after and _all_left_out(cron, zone, reading, local):
                return resumed
            # A gap may reach into the next day, whose own due times are asked about separately.
            reading = next_wall(cron, min(local, _midnight(reading) + _DAY))
            continue
        for found in moments:
            if found > after:
                return found
        reading = next_wall(cron, reading + _MINUTE)
    return None


def _all_left_out(cron: Cron, zone: ZoneInfo, reading: datetime, resumed: datetime) -> bool:
    """Whether the day of `reading`, which is in a gap that ends at `resumed`, has no due time outside it."""
    first = next_wall(cron, _midnight(reading))
    if first is None or wall.moments(zone, first):
        return False
    later = next_wall(cron, resumed)
    return later is None or later.date() != reading.date()


def _midnight(reading: datetime) -> datetime:
    return reading.replace(hour=0, minute=0)
