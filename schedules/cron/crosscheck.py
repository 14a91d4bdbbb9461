"""Accepts an expression only if croniter understands it as we do."""

from __future__ import annotations

from croniter import CroniterError, croniter

from schedules.cron.errors import CronError
from schedules.cron.expression import Cron
from schedules.cron.fields import FIELDS, bits
from schedules.cron.parsing import parse


def accept(expression: str) -> Cron:
    """`parse` what a person types. Raises CronError also if croniter, and so other tools, would read it differently.

    Our grammar already refuses everything that is known to be read in two ways; this guards against new versions of
    croniter. It costs about 100 us, so stored expressions go through `parse` alone.
    """
    cron = parse(expression)
    ours = (cron.minutes, cron.hours, cron.days, cron.months, cron.weekdays)
    if _croniters(cron.expression) != ours:
        raise CronError(
            f'"{cron.expression}" is read differently by other tools. Write the values themselves, such as 0,30.'
        )
    return cron


def _croniters(expression: str) -> tuple[int, ...]:
    """Our sets from croniter's lists, in which ["*"] stands for every value; () if it refuses the expression."""
    try:
        lists, _nth = croniter.expand(expression)
    except CroniterError:
        return ()
    return tuple(field.full if values == ["*"] else bits(values) for values, field in zip(lists, FIELDS, strict=True))
