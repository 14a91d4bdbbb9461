"""Two others who know when a schedule is due: every minute looked at one by one, and cronsim."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from tests.schedules.cron.clocks import Spec

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
MARGIN = timedelta(hours=30)


def minute_by_minute(spec: Spec, zone: ZoneInfo, *, after: datetime, until: datetime) -> list[datetime]:
    """Due times of a window by the rules in docs/schedules.md, from nothing but what the clock reads each minute."""
    # What is repeated or left out shows only with a day and more on either side.
    timeline = list(_timeline(spec, zone, after - MARGIN, until + MARGIN))
    matching_days = {wall.date() for _, wall in timeline if spec.matches(wall)}
    seen: set[datetime] = set()
    due = set()
    previous = timeline[0][1] if timeline else None
    for moment, wall in timeline:
        left_out = [previous + number * MINUTE for number in range(1, (wall - previous) // MINUTE)] if previous else []
        lost = [reading for reading in left_out if spec.matches(reading)]
        if any(not spec.wild or reading.date() not in matching_days for reading in lost):
            due.add(moment)
        if spec.matches(wall) and (spec.wild or wall not in seen):
            due.add(moment)
        seen.add(wall)
        previous = wall
    return sorted(moment for moment in due if after < moment <= until)


def _timeline(spec: Spec, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """(moment, reading) of each minute; stretches of days that do not match are left out, but for their edges."""
    day = start.replace(second=0, microsecond=0)
    while day <= end:
        if any(spec.has_day(day + number * DAY) for number in range(-3, 5)):
            for number in range(24 * 60):
                moment = day + number * MINUTE
                yield moment, moment.astimezone(zone).replace(tzinfo=None, fold=0)
        day += DAY


class Stuck(Exception):
    """cronsim goes round in circles."""


class _Budgeted(CronSim):
    """cronsim 2.8 may have no end where clocks are put back within an hour (New Brunswick until 2006: at 00:01)."""

    steps = 0

    def tick(self, seconds: int = 1) -> None:
        self.steps += 1
        if self.steps > 20_000:
            raise Stuck
        super().tick(seconds)

    def advance_minute(self) -> bool:
        self.steps += 1
        if self.steps > 20_000:
            raise Stuck
        return super().advance_minute()


def cronsims(text: str, zone: ZoneInfo, after: datetime) -> datetime:
    """cronsim's first answer that is later, in UTC: restarted in a repeated hour it can begin with the past."""
    for found in _Budgeted(text, after.astimezone(zone)):
        if found.astimezone(UTC) > after:
            return found.astimezone(UTC)
    raise AssertionError(f"cronsim has no answer for {text}")
