"""When a schedule is due, from what its member typed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from mantik.lib.humanize import spoken_duration
from schedules.cron import Cron, CronError, ZoneError, accept, instants, last_second, next_after, parse, shortest_gap
from schedules.cron import zone as zone_named

_ALWAYS = datetime(9999, 12, 31, tzinfo=UTC)
# At a full hour thousands of schedules are due, many of them by the same expression.
_KEPT = 8192
_next_after = lru_cache(maxsize=_KEPT)(next_after)


class BadTiming(Exception):
    """What is wrong, by the names of the form's fields; sentences for the member. `offers`: what to write instead."""

    def __init__(self, problems: dict[str, list[str]], offers: dict[str, str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
        self.offers = offers


@dataclass(frozen=True)
class Timing:
    """A cron expression in a zone, up to and including a day there. All instants are aware, in UTC."""

    cron: Cron
    zone: ZoneInfo
    end_date: date | None = None

    @cached_property
    def until(self) -> datetime:
        """The last moment at which it may be due; the year 9999 if it does not end."""
        return last_second(self.end_date, self.zone) if self.end_date else _ALWAYS

    def next_after(self, moment: datetime) -> datetime | None:
        """The first instant later than `moment`; None when there is none before it ends."""
        found = _next_after(self.cron, self.zone, moment)
        return found if found and found <= self.until else None

    def instants(self, *, after: datetime, until: datetime) -> Iterator[datetime]:
        """Every one later than `after` up to and including `until`."""
        return instants(self.cron, self.zone, after=after, until=min(until, self.until))


def read_timing(
    *, cron_expression: str, time_zone: str, end_date: date | None, jitter_seconds: int = 0, now: datetime
) -> Timing:
    """What a member typed. Raises BadTiming with all that is wrong with it."""
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


@lru_cache(maxsize=_KEPT)
def timing_of(*, cron_expression: str, time_zone: str, end_date: date | None) -> Timing:
    """What is stored. Raises CronError and ZoneError if this version, on this machine, does not take it any more."""
    return Timing(parse(cron_expression), zone_named(time_zone), end_date)


def fire_moment(uuid: UUID, due: datetime, jitter_seconds: int) -> datetime:
    """When the instant `due` is acted upon: later by up to `jitter_seconds`, the same each time it is asked."""
    if not jitter_seconds:
        return due
    drawn = hashlib.blake2b(uuid.bytes + due.isoformat().encode(), digest_size=8).digest()
    return due + timedelta(seconds=int.from_bytes(drawn) % (jitter_seconds + 1))


def _check_gap(cron: Cron, jitter_seconds: int, problems: dict[str, list[str]]) -> None:
    gap, floor = shortest_gap(cron), timedelta(minutes=settings.MANTIK_SCHEDULE_FLOOR_MINUTES)
    if gap < floor:
        problems["cron_expression"] = [
            f"It would run every {spoken_duration(gap)}, and here a schedule may run every {spoken_duration(floor)} at "
            "most. Choose a longer interval."
        ]
    if timedelta(seconds=jitter_seconds) >= gap:
        problems["jitter_seconds"] = [
            f"The delay has to be shorter than the {spoken_duration(gap)} from one instant to the next."
        ]


def _never_again(timing: Timing, now: datetime) -> str:
    if timing.end_date and timing.until < now:
        return "The end date is past. Choose a later one, or leave it empty."
    return "There is no instant left before the end date. Choose a later one, or leave it empty."
