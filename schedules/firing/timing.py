"""The timing of a schedule: a cron expression, a time zone and an end date, as read from the form or the database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.conf import settings

from mantik.lib.humanize import spoken_duration
from schedules.cron import (
    Cron,
    CronError,
    ZoneError,
    accept,
    due_times,
    last_second,
    next_after,
    parse,
    shortest_gap,
    tally,
    uneven_pair,
)
from schedules.cron import zone as zone_named
from schedules.models import Schedule

_ALWAYS = datetime(9999, 12, 31, tzinfo=UTC)
# At a full hour thousands of schedules are due, many of them with the same expression.
_CACHE_SIZE = 8192
# How much time `tally` counts at once: it is made for a few days at most.
_TALLIED = timedelta(days=3)
_next_after = lru_cache(maxsize=_CACHE_SIZE)(next_after)


class BadTiming(Exception):
    """`problems`: sentences for the member, by the form's field. `offers`: what to write instead, by field."""

    def __init__(self, problems: dict[str, list[str]], offers: dict[str, str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
        self.offers = offers


@dataclass(frozen=True)
class Timing:
    """A cron expression in a zone, until the end of a day there. All due times are aware datetimes in UTC."""

    cron: Cron
    zone: ZoneInfo
    end_date: date | None = None

    @cached_property
    def until(self) -> datetime:
        """The last moment at which it may be due; the year 9999 if it does not end."""
        return last_second(self.end_date, self.zone) if self.end_date else _ALWAYS

    def next_after(self, moment: datetime) -> datetime | None:
        """The first due time later than `moment`; None when there is none before it ends."""
        found = _next_after(self.cron, self.zone, moment)
        return found if found and found <= self.until else None

    def due_times(self, *, after: datetime, until: datetime) -> Iterator[datetime]:
        """Every due time later than `after`, up to and including `until`."""
        return due_times(self.cron, self.zone, after=after, until=min(until, self.until))

    def count(self, *, begin: datetime, end: datetime) -> int:
        """How many due times there are from `begin` up to but not including `end`."""
        return _count(self.cron, self.zone, begin, min(end, self.until))


def read_timing(
    *, cron_expression: str, time_zone: str, end_date: date | None, jitter_seconds: int = 0, now: datetime
) -> Timing:
    """Read what a member typed. Raises BadTiming with everything that is wrong in it."""
    problems: dict[str, list[str]] = {}
    offers: dict[str, str] = {}
    cron, zone = None, None
    try:
        cron = accept(cron_expression)
        _check_gap(cron, jitter_seconds, problems)
    except CronError as error:
        problems["cron_expression"], offers["cron_expression"] = [error.message], error.offer
    try:
        zone = zone_named(time_zone)
    except ZoneError as error:
        problems["time_zone"], offers["time_zone"] = [error.message], error.offer
    if cron and zone:
        timing = Timing(cron, zone, end_date)
        if "cron_expression" not in problems and timing.next_after(now) is None:
            problems["end_date"] = [_never_again(timing, now)]
        if not problems:
            return timing
    raise BadTiming(problems, offers)


def stored_timing(schedule: Schedule) -> Timing:
    """The timing of a stored schedule. Raises CronError or ZoneError if it is no longer accepted here."""
    return _timing_of(schedule.cron_expression, schedule.time_zone, schedule.end_date)


@lru_cache(maxsize=_CACHE_SIZE)
def _timing_of(cron_expression: str, time_zone: str, end_date: date | None) -> Timing:
    return Timing(parse(cron_expression), zone_named(time_zone), end_date)


def fire_moment(uuid: UUID, due: datetime, jitter_seconds: int) -> datetime:
    """When the run of the due time `due` starts: up to `jitter_seconds` later, always equally late for the same one."""
    if not jitter_seconds:
        return due
    drawn = hashlib.blake2b(uuid.bytes + due.isoformat().encode(), digest_size=8).digest()
    return due + timedelta(seconds=int.from_bytes(drawn) % (jitter_seconds + 1))


def run_uuid(uuid: UUID, due: datetime) -> UUID:
    """The uuid of the run that the schedule `uuid` starts at `due`: the same in a database restored from a backup.

    The tag of its job follows from it, so the restored database finds a job that it does not know.
    """
    return uuid5(uuid, due.astimezone(UTC).isoformat())


@lru_cache(maxsize=_CACHE_SIZE)
def _count(cron: Cron, zone: ZoneInfo, begin: datetime, end: datetime) -> int:
    count = 0
    while begin < end:
        part_end = min(begin + _TALLIED, end)
        found = tally(cron, zone, begin=begin, end=part_end)
        count += found.count if found else 0
        begin = part_end
    return count


def _check_gap(cron: Cron, jitter_seconds: int, problems: dict[str, list[str]]) -> None:
    gap, floor = shortest_gap(cron), timedelta(minutes=settings.MANTIK_SCHEDULE_FLOOR_MINUTES)
    if gap < floor:
        problems["cron_expression"] = [
            f"{_how_often(cron, gap)} Schedules may not run more often than every {spoken_duration(floor)}. Choose a "
            "longer interval."
        ]
    if timedelta(seconds=jitter_seconds) >= gap:
        problems["jitter_seconds"] = [
            f"The delay has to be shorter than the {spoken_duration(gap)} between two due times."
        ]


def _how_often(cron: Cron, gap: timedelta) -> str:
    if pair := uneven_pair(cron):
        earlier, later = (f"{minute // 60:02}:{minute % 60:02}" for minute in pair)
        return f"Two of its due times, {earlier} and {later}, would be only {spoken_duration(gap)} apart."
    return f"It would run every {spoken_duration(gap)}."


def _never_again(timing: Timing, now: datetime) -> str:
    if timing.end_date and timing.until < now:
        return "The end date is in the past. Choose a later one, or leave it empty."
    return "There is no due time left before the end date. Choose a later one, or leave it empty."
