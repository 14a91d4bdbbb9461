"""The calendar of a project's schedules: what ran, what did not, and what is to come.

It opens with two weeks from today; its links lead to whole weeks before and after.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Case, Count, Max, Min, QuerySet, Value, When
from django.db.models.functions import TruncHour
from django.urls import reverse
from django.utils import timezone

from mantik.lib.humanize import number
from projects.models import Project
from runs.states import Badge
from schedules.cron import Tally, tally
from schedules.models import Schedule, Slot
from schedules.pages.detail import timing_or_none
from schedules.pages.load import Load, by_hour
from schedules.states import Outcome

DAYS = 7
# How many days the calendar opens with, of which today is the first.
DAYS_AT_FIRST = 14
# How many schedules a week shows: the busiest.
MOST_SHOWN = 100
# How many schedules are looked at to find the busiest: those that are due first, and as many with the most slots.
MOST_LOOKED_AT = 500
# The calendar goes from the week of the first schedule to this long from today.
AHEAD = timedelta(days=366)
TO_COME = Badge("To come", "run", "clock-history")
TOO_LATE = Badge("After the secret expires", "bad", "key")
# What `Line` counts besides the outcomes of slots.
_COMING_BADGES = {"to come": TO_COME, "too late": TOO_LATE}

R = TypeVar("R")


@dataclass
class Line:
    """One schedule on one day: its first and last time, and how many slots of each outcome."""

    name: str
    url: str
    first: datetime
    last: datetime
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def times(self) -> str:
        first, last = (f"{timezone.localtime(moment):%H:%M}" for moment in (self.first, self.last))
        return first if first == last else f"{first} to {last}"

    @property
    def badges(self) -> list[tuple[Badge, int]]:
        kinds = {**{outcome.value: outcome.badge for outcome in Outcome}, **_COMING_BADGES}
        return [(badge, self.counts[kind]) for kind, badge in kinds.items() if self.counts[kind]]


class Week:
    """The days from `begin` on, in the reader's zone: a line for each schedule and each day on which it is due."""

    def __init__(self, project: Project, begin: date, now: datetime, *, days: int = DAYS) -> None:
        self._project, self._now, self._days = project, now, days
        self._when = "in this week" if days == DAYS else f"in these {days} days"
        # Midnights in that zone; when clocks change, two of them are not 24 hours apart.
        self._edges = [_midnight(begin + timedelta(days=day)) for day in range(days + 1)]
        self._of_day: list[dict[int, Line]] = [{} for _ in range(days)]
        self._loads = [Load() for _ in range(days)]
        self._candidates, is_all_due = self._due_first()
        past, is_all_past = self._slots_by_schedule()
        self._coming = {key: self._to_come(one) for key, one in self._candidates.items()}
        coming = {key: sum(found.count for _, _, found in days) for key, days in self._coming.items()}
        # `+` drops counts of zero: candidates whose due times all lie outside this week.
        busy = Counter(past) + Counter(coming)
        self._found = len(busy)
        self._is_all = is_all_due and is_all_past
        self._shown = self._loaded([key for key, _ in busy.most_common(MOST_SHOWN)])
        self._add_slots()
        self._add_coming()

    @property
    def note(self) -> str:
        """A sentence on the schedules that are left out; "" if none is."""
        if self._found <= MOST_SHOWN:
            return "" if self._is_all else f"Not all schedules were looked at: more may be due {self._when}."
        which = f"{number(MOST_SHOWN)} busiest"
        if self._is_all:
            return f"Shows the {which} of {number(self._found)} schedules that are due {self._when}."
        first = f"first {number(self._found)} schedules that are due {self._when}"
        return f"Shows the {which} of the {first}. There may be more."

    def lines(self, day: int) -> list[Line]:
        return sorted(self._of_day[day].values(), key=lambda line: (line.first, line.name))

    def load(self, day: int) -> dict[str, Any] | None:
        """The hours of a day as bars; None on a day without due times, and if no hour of the week has more than one."""
        load, highest = self._loads[day], max(load.most for load in self._loads)
        if highest < 2 or not load.most:
            return None
        return {"bars": load.bars(highest), "busiest": load.busiest, "most": load.most}

    def _due_first(self) -> tuple[dict[int, Schedule], bool]:
        """Schedules that are due before the week ends, and whether these are all."""
        schedules = Schedule.objects.filter(project=self._project).enabled().filter(next_due_at__lt=self._edges[-1])
        found, is_all = _looked_at(schedules.for_rows().order_by("next_due_at", "pk"))
        return {one.pk: one for one in found}, is_all

    def _slots(self) -> QuerySet[Slot]:
        return Slot.objects.filter(due_at__gte=self._edges[0], due_at__lt=self._edges[-1])

    def _slots_by_schedule(self) -> tuple[dict[int, int], bool]:
        """How many slots of the week each schedule has, and whether these are all that have any."""
        slots = self._slots().filter(schedule__project=self._project).order_by()
        counted = slots.values("schedule").annotate(count=Count("pk")).order_by("-count", "schedule")
        found, is_all = _looked_at(counted.values_list("schedule", "count"))
        return dict(found), is_all

    def _to_come(self, schedule: Schedule) -> list[tuple[int, str, Tally]]:
        """(day, kind, how many) of the due times to come, from the next one on."""
        timing, due = timing_or_none(schedule), schedule.next_due_at
        if timing is None or due is None:
            return []
        # The last moment still counts, but `tally` leaves out its `end`.
        over_at = timing.until + timedelta.resolution
        secret_expires_at = schedule.connection and schedule.connection.final_end(self._now)
        days = []
        for day in range(self._days):
            begin, end = max(self._edges[day], due), min(self._edges[day + 1], over_at)
            middle = max(begin, min(secret_expires_at, end)) if secret_expires_at else end
            for kind, first, last in (("to come", begin, middle), ("too late", middle, end)):
                if found := tally(timing.cron, timing.zone, begin=first, end=last):
                    days.append((day, kind, found))
        return days

    def _loaded(self, keys: list[int]) -> dict[int, Schedule]:
        missing = Schedule.objects.filter(pk__in=[key for key in keys if key not in self._candidates]).for_rows()
        known = self._candidates | {one.pk: one for one in missing}
        return {key: known[key] for key in keys if key in known}

    def _add_slots(self) -> None:
        of_day = Case(*(When(due_at__lt=edge, then=Value(day)) for day, edge in enumerate(self._edges[1:])))
        slots = self._slots().filter(schedule__in=list(self._shown)).annotate(day=of_day).order_by()
        grouped = slots.values("schedule", "day", "outcome")
        for row in grouped.annotate(count=Count("pk"), first=Min("due_at"), last=Max("due_at")):
            self._add(row["schedule"], row["day"], Tally(row["first"], row["last"], row["count"]), row["outcome"])
        hours = slots.annotate(hour=TruncHour("due_at", tzinfo=timezone.get_current_timezone())).values("day", "hour")
        for hour in hours.annotate(count=Count("pk")):
            self._loads[hour["day"]].add(hour["hour"], hour["count"])

    def _add_coming(self) -> None:
        for key, schedule in self._shown.items():
            timing = timing_or_none(schedule)
            if timing is None:
                continue
            for day, kind, found in self._coming.get(key, ()):
                self._add(key, day, found, kind)
                for moment, count in by_hour(timing, found):
                    self._loads[day].add(moment, count)

    def _add(self, key: int, day: int, found: Tally, kind: str) -> None:
        line = self._of_day[day].get(key)
        if line is None:
            schedule = self._shown[key]
            url = reverse("schedules:detail", args=[self._project.slug, schedule.uuid])
            line = self._of_day[day][key] = Line(schedule.name, url, found.first, found.last)
        line.first, line.last = min(line.first, found.first), max(line.last, found.last)
        line.counts[kind] += found.count


def _looked_at(rows: QuerySet[Any, R]) -> tuple[list[R], bool]:
    """The first MOST_LOOKED_AT, and whether these are all."""
    found = list(rows[: MOST_LOOKED_AT + 1])
    return found[:MOST_LOOKED_AT], len(found) <= MOST_LOOKED_AT


def week_of(project: Project, *, asked: str, path: str, now: datetime) -> dict[str, Any]:
    """The week that holds the day `asked` ("2026-11-23"), in the reader's zone; two weeks from today without a date.

    A day outside the calendar gives its first or last week, without a link further.
    """
    today = timezone.localtime(now).date()
    first, last = _range(project, today)
    day = _date(asked)
    count = DAYS_AT_FIRST if day is None else DAYS
    begin = today if day is None else _monday_of(max(first, min(day, last)))
    week = Week(project, begin, now, days=count)
    days = [begin + timedelta(days=place) for place in range(count)]
    earlier, later = _monday_of(begin - timedelta(days=1)), _monday_of(begin + timedelta(days=count))
    return {
        "label": f"{days[0].day} {days[0]:%b} to {days[-1].day} {days[-1]:%b} {days[-1]:%Y}",
        "zone": timezone.get_current_timezone_name(),
        "days": [
            {"date": day, "is_today": day == today, "lines": week.lines(at), "load": week.load(at)}
            for at, day in enumerate(days)
        ],
        "note": week.note,
        "earlier_url": f"{path}?week={earlier}" if begin > first else None,
        "later_url": f"{path}?week={later}" if later <= last else None,
        "today_url": path,
        "is_from_today": day is None,
    }


def _range(project: Project, today: date) -> tuple[date, date]:
    """The first and the last day of the calendar."""
    made_at = Schedule.objects.filter(project=project).aggregate(first=Min("created_at"))["first"]
    if made_at is None:
        return today, today
    return min(timezone.localtime(made_at).date(), today), today + AHEAD


def _date(asked: str) -> date | None:
    try:
        return date.fromisoformat(asked)
    except ValueError:
        return None


def _monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))
