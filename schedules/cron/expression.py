"""A parsed cron expression: five sets and the two rules that depend on how it was written."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as column

from schedules.cron.fields import DAY, HOUR, MINUTE, MONTH, WEEKDAY, Field, bits, members
from schedules.cron.words import describe

# By the weekday (Monday is 0, as in datetime) of the first of the month: bit d for each day d on that weekday.
_ON_WEEKDAY = [[bits(range(1 + (day - first) % 7, 32, 7)) for day in range(7)] for first in range(7)]


@dataclass(frozen=True, slots=True)
class Cron:
    """Made by `parse`. Sets are ints, bit n for the number n; in `weekdays` Sunday is 0.

    `wild`: the minute or the hour field begins with `*`, so the schedule follows elapsed time when the clock changes.
    `either`: neither day field begins with `*`, so a day that matches one of them is enough; else it has to match both.
    """

    expression: str
    minutes: int
    hours: int
    days: int
    months: int
    weekdays: int
    wild: bool
    either: bool
    # By the weekday of the first of the month: the days of a month of 31 days that match.
    months_by_first: tuple[int, ...] = column(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "months_by_first", tuple(self._days_of_month(first) for first in range(7)))

    def _days_of_month(self, first_weekday: int) -> int:
        on_weekday = 0
        for sunday_based in members(self.weekdays):
            on_weekday |= _ON_WEEKDAY[first_weekday][(sunday_based - 1) % 7]
        return self.days | on_weekday if self.either else self.days & on_weekday

    def __str__(self) -> str:
        return self.expression

    @property
    def words(self) -> str:
        """For people: "every weekday at 02:30". No capital, no full stop."""
        return describe(self)

    @property
    def crontab(self) -> dict[str, str]:
        """The columns of django-celery-beat's crontab, in what it accepts: no names, no 7, no leading zeros.

        Celery wants both day fields to match where cron wants either: its row is for people, not to compute with.
        """
        return {
            "minute": _text(self.minutes, MINUTE),
            "hour": _text(self.hours, HOUR),
            "day_of_month": _text(self.days, DAY),
            "month_of_year": _text(self.months, MONTH),
            "day_of_week": _text(self.weekdays, WEEKDAY),
        }


def _text(mask: int, field: Field) -> str:
    if mask == field.full:
        return "*"
    for step in range(2, (field.high - field.low) // 2 + 1):
        if mask == bits(range(field.low, field.high + 1, step)):
            return f"*/{step}"
    return ",".join(_runs(mask))


def _runs(mask: int) -> list[str]:
    """Numbers that follow one another are written as a range: 1-5, 9."""
    runs: list[list[int]] = []
    for number in members(mask):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
