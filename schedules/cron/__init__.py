"""Cron expressions: read, put into words, and turned into the due times of a schedule.

Pure: no models, no database, no clock. Expressions and zones in, aware datetimes in UTC out. docs/schedules.md has
the rules, and a table of what they lead to when clocks change.
"""

from schedules.cron.crosscheck import accept
from schedules.cron.days import shortest_gap, uneven_pair
from schedules.cron.due_times import count_until, due_times, last_second, next_after
from schedules.cron.errors import CronError
from schedules.cron.expression import Cron
from schedules.cron.parsing import parse
from schedules.cron.tally import Tally, tally
from schedules.cron.zones import Choice, Shown, ZoneError, choices, show, shown, zone

__all__ = [
    "Choice",
    "Cron",
    "CronError",
    "Shown",
    "Tally",
    "ZoneError",
    "accept",
    "choices",
    "count_until",
    "due_times",
    "last_second",
    "next_after",
    "parse",
    "shortest_gap",
    "show",
    "shown",
    "tally",
    "uneven_pair",
    "zone",
]
