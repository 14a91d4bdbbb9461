"""How many runs are due in each hour of a day, as bars of the calendar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from django.utils import timezone

from schedules.cron import Tally, tally
from schedules.firing.timing import Timing

HOURS = 24
# The size of the picture, in units of its own: templates/schedules/calendar.html draws a bar and a gap for each hour.
HEIGHT = 12
_HOUR_WIDTH = 2
_HOUR = timedelta(hours=1)


@dataclass
class Load:
    """How many runs are due in each hour of one day, by the reader's clock; an hour that comes twice counts as one."""

    counts: list[int] = field(default_factory=lambda: [0] * HOURS)

    @property
    def most(self) -> int:
        return max(self.counts)

    @property
    def busiest(self) -> str:
        """ "02:00", the first of the busiest hours."""
        return f"{self.counts.index(self.most):02}:00"

    def add(self, moment: datetime, count: int) -> None:
        self.counts[timezone.localtime(moment).hour] += count

    def bars(self, highest: int) -> list[tuple[int, int, int]]:
        """(x, y, height) of each hour with something in it, so high that `highest` fills the picture."""
        # Rounded up, so that a single run can be seen beside a thousand.
        heights = [ceil(count * HEIGHT / highest) for count in self.counts]
        return [(_HOUR_WIDTH * hour, HEIGHT - height, height) for hour, height in enumerate(heights) if height]


def by_hour(timing: Timing, found: Tally) -> Iterator[tuple[datetime, int]]:
    """(moment, how many) for each hour of the reader's clock in which due times from `found.first` to `.last` lie."""
    hour = timezone.localtime(found.first).replace(minute=0)
    while hour <= found.last:
        # Counted in UTC: by a clock that is changed, an hour later may be two hours later, or none.
        following = (hour.astimezone(found.first.tzinfo) + _HOUR).astimezone(hour.tzinfo)
        end = min(following, found.last + timedelta(minutes=1))
        if part := tally(timing.cron, timing.zone, begin=max(hour, found.first), end=end):
            yield part.first, part.count
        hour = following
