"""Usual patterns of times, which a form can put together without cron: every hour, every day, by week, by month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from enum import StrEnum

from schedules.cron.errors import CronError
from schedules.cron.expression import Cron
from schedules.cron.fields import DAY, HOUR, WEEKDAY, members
from schedules.cron.parsing import parse

# From Monday on; Sunday is 0.
WEEK = (1, 2, 3, 4, 5, 6, 0)
_WORKDAYS = frozenset(range(1, 6))


class Every(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class Pattern:
    """`at`: of an hour only its minute counts. `weekdays` count by week, `day` by month."""

    every: Every
    at: time = time(2, 30)
    weekdays: frozenset[int] = _WORKDAYS
    day: int = 1

    @property
    def expression(self) -> str:
        match self.every:
            case Every.HOUR:
                return f"{self.at.minute} * * * *"
            case Every.DAY:
                return f"{self.at.minute} {self.at.hour} * * *"
            case Every.WEEK:
                return f"{self.at.minute} {self.at.hour} * * {_listed(self.weekdays)}"
        return f"{self.at.minute} {self.at.hour} {self.day} * *"


def pattern_of(expression: str) -> Pattern | None:
    """The pattern that has exactly the due times of `expression`, None if there is none."""
    try:
        cron = parse(expression)
    except CronError:
        return None
    pattern = _guess(cron)
    return pattern if pattern and _meaning(parse(pattern.expression)) == _meaning(cron) else None


def _guess(cron: Cron) -> Pattern | None:
    minutes, hours, days = (list(members(mask)) for mask in (cron.minutes, cron.hours, cron.days))
    if len(minutes) != 1:
        return None
    if cron.hours == HOUR.full:
        return Pattern(Every.HOUR, time(0, minutes[0]))
    if len(hours) != 1:
        return None
    at = time(hours[0], minutes[0])
    if cron.days != DAY.full:
        return Pattern(Every.MONTH, at, day=days[0])
    if cron.weekdays != WEEKDAY.full:
        return Pattern(Every.WEEK, at, frozenset(members(cron.weekdays)))
    return Pattern(Every.DAY, at)


def _meaning(cron: Cron) -> tuple[object, ...]:
    """All of it but how it was written."""
    return cron.minutes, cron.hours, cron.days, cron.months, cron.weekdays, cron.wild, cron.either


def _listed(weekdays: frozenset[int]) -> str:
    if weekdays == _WORKDAYS:
        return "1-5"
    return "*" if len(weekdays) == len(WEEK) else ",".join(str(day) for day in WEEK if day in weekdays)
