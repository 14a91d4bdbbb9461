"""Cron expressions in words: short where a pattern has a name, and a plain list everywhere else.

We write them ourselves because the words must say what happens: cron-descriptor reads "0 0 1 * 1" as "on day 1, only
on Monday", though either is enough, and "0 9-17 * * *" as "between 9 AM and 5:59 PM", though it fires on the hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from schedules.cron.fields import DAY, HOUR, LENGTHS, MINUTE, members

if TYPE_CHECKING:
    from schedules.cron.expression import Cron

_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    "", "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
_WORKDAYS = [1, 2, 3, 4, 5]
# More times of day than this are described as a pattern, or by hours and minutes.
_MOST_TIMES = 6
# Of a step that does not divide the hour.
_EACH_HOUR = " of each hour"


def describe(cron: Cron) -> str:
    """ "every weekday at 02:30", "every 15 minutes from 09:00 to 17:45 on every Monday in June"."""
    times, often = _times(list(members(cron.minutes)), list(members(cron.hours)))
    if often:
        return " ".join(filter(None, (times, _days(cron, often=True))))
    return f"{_days(cron, often=False)} {times}"


def _times(minutes: list[int], hours: list[int]) -> tuple[str, bool]:
    """The time of day, and whether that is a rhythm ("every 5 minutes") rather than times ("at 02:30")."""
    if len(minutes) * len(hours) <= _MOST_TIMES:
        return f"at {_listed([_clock(hour, minute) for hour in hours for minute in minutes])}", False
    if len(minutes) == 1:
        return _hourly(minutes[0], hours)
    if len(hours) == 1 and _step(minutes):
        return f"{_every(_step(minutes), 'minute')} {_span(hours, minutes)}", True
    rhythm = _rhythm(minutes)
    if not rhythm:
        return f"at {_named('minute', _ranges(minutes))} {_of_hours(hours)}", True
    start = f" from minute {minutes[0]}" if minutes[0] else ""
    if hours == list(range(24)):
        return rhythm + start, True
    runs = _runs(hours)
    if len(runs) > 3:
        return f"{rhythm.removesuffix(_EACH_HOUR)}{start} {_of_hours(hours)}", True
    return f"{rhythm} {_listed([_span(run, minutes) for run in runs])}", True


def _hourly(minute: int, hours: list[int]) -> tuple[str, bool]:
    if hours == list(range(24)):
        return ("every hour", True) if minute == 0 else (f"every hour at minute {minute}", True)
    if _step(hours):
        return f"{_every(_step(hours), 'hour')} {_span(hours, [minute])}", True
    return f"at {_listed([_clock(hour, minute) for hour in hours])}", False


def _every(step: int, unit: str) -> str:
    return f"every {unit}" if step == 1 else f"every {step} {unit}s"


def _span(hours: list[int], minutes: list[int]) -> str:
    return f"from {_clock(hours[0], minutes[0])} to {_clock(hours[-1], minutes[-1])}"


def _rhythm(minutes: list[int]) -> str:
    """ "every 15 minutes" if the minutes are equally far apart throughout the hour, else "". The start is left out."""
    step = 30 if minutes == [minutes[0], minutes[0] + 30] else _step(minutes)
    if not step or minutes[0] >= step or minutes[-1] + step <= MINUTE.high:
        return ""
    return _every(step, "minute") + (_EACH_HOUR if 60 % step else "")


def _of_hours(hours: list[int]) -> str:
    if hours == list(range(HOUR.high + 1)):
        return "of every hour"
    step = _step(hours)
    if step > 1 and hours[0] < step and hours[-1] + step > HOUR.high:
        start = f" from {_clock(hours[0], 0)}" if hours[0] else ""
        return f"of every {_ordinal(step)} hour{start}"
    return f"of {_named('hour', _ranges(hours))}"


def _days(cron: Cron, *, often: bool) -> str:
    """The days: after a rhythm "on every weekday", or "" for every day; before times "every weekday", "every day"."""
    days, weekdays, months = (list(members(mask)) for mask in (cron.days, cron.weekdays, cron.months))
    every_date, every_weekday = len(days) == 31, len(weekdays) == 7
    period = "" if len(months) == 12 else _listed(_ranges(months, _MONTHS))
    if cron.either:
        on_weekdays = f"{_on(weekdays, plain=False)}{f' in {period}' if period else ''}"
        dates = _dates_in(days, months)
        return f"{dates} and also {on_weekdays}" if dates else on_weekdays
    if every_date and every_weekday:
        named = "" if often else "every day"
    elif every_date:
        named = _on(weekdays, plain=not often)
    elif every_weekday:
        return _dates_in(days, months)
    else:
        named = f"{_on(weekdays, plain=not often)} that is day {_listed(_ranges(days), 'or')} of the month"
    return " ".join(filter(None, (named, f"in {period}" if period else "")))


def _on(weekdays: list[int], *, plain: bool) -> str:
    preposition = "" if plain else "on "
    if weekdays == _WORKDAYS:
        return f"{preposition}every weekday"
    if len(weekdays) == 7:
        return f"{preposition}every day"
    return f"{preposition}every {_listed([_WEEKDAYS[day] for day in _from_monday(weekdays)])}"


def _from_monday(weekdays: list[int]) -> list[int]:
    return sorted(weekdays, key=lambda day: (day - 1) % 7)


def _dates_in(days: list[int], months: list[int]) -> str:
    """`_dates` of those months that have one of the days, and those days that they have; "" if there are none."""
    if len(months) == 12:
        return _dates(days, "")
    months = [month for month in months if days[0] <= LENGTHS[month]]
    days = [day for day in days if any(day <= LENGTHS[month] for month in months)]
    return _dates(days, _listed(_ranges(months, _MONTHS))) if days else ""


def _dates(days: list[int], period: str) -> str:
    """ "on the 1st and 15th of every month", "on every 2nd day of March from the 1st"."""
    step = _step(days)
    if step > 1 and len(days) > _MOST_TIMES and days[-1] + step > DAY.high:
        return f"on every {_ordinal(step)} day of {period or 'every month'} from the {_ORDINALS[days[0]]}"
    rare = " that has one" if days[0] > 28 and not period else ""
    return f"on the {_listed(_ranges(days, _ORDINALS))} of {period or 'every month'}{rare}"


def _named(word: str, values: Sequence[str]) -> str:
    plural = len(values) > 1 or " to " in values[0]
    return f"{word}{'s' if plural else ''} {_listed(values)}"


def _ranges(values: list[int], names: Sequence[str] = ()) -> list[str]:
    """Runs of three and more as "2 to 5"; the others one by one."""
    shown = []
    for run in _runs(values):
        words = [names[value] if names else str(value) for value in run]
        shown += words if len(run) < 3 else [f"{words[0]} to {words[-1]}"]
    return shown


def _runs(values: list[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for value in values:
        if runs and runs[-1][-1] == value - 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return runs


def _step(values: list[int]) -> int:
    """The distance that all neighbours have; 0 if they differ or there are fewer than three values."""
    distances = {later - earlier for earlier, later in pairwise(values)}
    return distances.pop() if len(distances) == 1 and len(values) > 2 else 0


def _listed(words: Sequence[str], last: str = "and") -> str:
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _clock(hour: int, minute: int) -> str:
    return f"{hour:02}:{minute:02}"


def _ordinal(number: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number in (11, 12, 13) else endings.get(number % 10, 'th')}"


_ORDINALS = tuple(_ordinal(number) for number in range(32))
