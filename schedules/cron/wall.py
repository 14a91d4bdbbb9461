"""The clock on the wall of a time zone: what it reads at a moment, and at which moments it shows a reading.

Moments are aware and in UTC, readings naive. Zones before about 1970 have offsets with seconds; readings that count
are whole minutes all the same.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_NONE = timedelta(0)


def reading(zone: ZoneInfo, moment: datetime) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def next_minute(zone: ZoneInfo, moment: datetime) -> datetime:
    """The first whole minute that this clock would read later than at `moment`, were it not changed."""
    return reading(zone, moment).replace(second=0, microsecond=0) + _MINUTE


def moments(zone: ZoneInfo, wall: datetime) -> tuple[datetime, ...]:
    """The moments, ascending, at which the clock reads `wall`: usually one, two of a repeated hour, none in a gap."""
    before, behind = _offsets(zone, wall)
    if before == behind:
        return ((wall - before).replace(tzinfo=UTC),)
    if before < behind:
        return ()
    return (wall - before).replace(tzinfo=UTC), (wall - behind).replace(tzinfo=UTC)


def end_of_gap(zone: ZoneInfo, wall: datetime) -> datetime:
    """The first moment after the gap that `wall` is in at which the clock reads a whole minute."""
    before, behind = _offsets(zone, wall)
    change = _change(zone, (wall - behind).replace(tzinfo=UTC), (wall - before).replace(tzinfo=UTC))
    seconds = reading(zone, change).second
    return change + timedelta(seconds=60 - seconds) if seconds else change


def new_from(zone: ZoneInfo, moment: datetime) -> datetime:
    """The first whole minute after `moment` that the clock has not shown yet: in a repeated hour, its end."""
    local = moment.astimezone(zone)
    if local.fold:
        before, behind = _offsets(zone, local)
        change = _change(zone, moment - (before - behind), moment)
        return (change + before).replace(tzinfo=None, second=0, microsecond=0)
    return next_minute(zone, moment)


def _change(zone: ZoneInfo, early: datetime, late: datetime) -> datetime:
    """The first second with the offset that holds at `late` but did not hold at `early`."""
    offset = _offset(zone, late)
    while late - early > _SECOND:
        middle = early + (late - early) // 2
        if _offset(zone, middle) == offset:
            late = middle
        else:
            early = middle
    return late.replace(microsecond=0)


def comes_again(zone: ZoneInfo, moment: datetime) -> timedelta:
    """How long after `moment` the clock will show the same reading again; zero if it will not."""
    local = moment.astimezone(zone)
    if local.fold:
        return _NONE
    before, behind = _offsets(zone, local)
    return max(before - behind, _NONE)


def _offsets(zone: ZoneInfo, wall: datetime) -> tuple[timedelta, timedelta]:
    """The offsets from UTC before and after the change that leaves out or repeats `wall`; otherwise one, twice."""
    return _known(wall.replace(tzinfo=zone, fold=0)), _known(wall.replace(tzinfo=zone, fold=1))


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return _known(moment.astimezone(zone))


def _known(local: datetime) -> timedelta:
    offset = local.utcoffset()
    assert offset is not None  # ZoneInfo always has one
    return offset
