"""A week of a project's schedules: what ran, what did not, and what is to come, by day and hour."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, Count, Max, Min, Value, When
from django.db.models.functions import TruncHour
from django.urls import reverse
from django.utils import timezone

from mantik.lib.humanize import number
from projects.models import Project
from runs.states import Badge
from schedules.cron import Tally, tally
from schedules.models import Schedule, Slot
from schedules.pages.detail import stored_timing
from schedules.pages.load import Load, by_hour
from schedules.states import Outcome

DAYS = 7
MOST_SHOWN = 100
# Of so many, those that are due first, it is found out how busy they are.
MOST_LOOKED_AT = 500
# The calendar leads from the first schedule's week to this long from today.
AHEAD = timedelta(days=366)
TO_COME = Badge("To come", "run", "clock-history")
TOO_LATE = Badge("After the connection ends", "bad", "key")
_SPAN = timedelta(days=DAYS)
# As Line counts them, beside the outcomes.
_COMING = {"to come": TO_COME, "too late": TOO_LATE}


@dataclass
class Line:
    """What a schedule does on a day: the first and last time, and how often it came to what."""

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
        kinds = {**{outcome.value: outcome.badge for outcome in Outcome}, **_COMING}
        return [(badge, self.counts[kind]) for kind, badge in kinds.items() if self.counts[kind]]


class Week:
    """From `monday`, in the reader's zone: one line for each schedule and day on which it was, or will be, due."""

    def __init__(self, project: Project, monday: date) -> None:
        self._project = project
        # Midnights; with clocks that are changed not all of them are a day apart.
        self._edges = [_midnight(monday + timedelta(days=day)) for day in range(DAYS + 1)]
        self._of_day: list[dict[int, Line]] = [{} for _ in range(DAYS)]
        self._loads = [Load() for _ in range(DAYS)]
        self._candidates = self._due_first()
        past = self._slots_by_schedule()
        self.found = len(set(self._candidates) | set(past))
        self._coming = {key: self._to_come(one) for key, one in self._candidates.items()}
        coming = {key: sum(found.count for _, _, found in days) for key, days in self._coming.items()}
        busy = Counter(past) + Counter(coming)
        self._shown = self._loaded([key for key, _ in busy.most_common(MOST_SHOWN)])
        self._add_slots()
        self._add_coming()

    @property
    def note(self) -> str:
        """What is left out; "" if nothing is."""
        if self.found <= MOST_SHOWN:
            return ""
        which = f"{number(MOST_SHOWN)} busiest"
        if len(self._candidates) < MOST_LOOKED_AT:
            return f"Shows the {which} of the {number(self.found)} schedules with something in this week."
        return (
            f"Shows the {which} of the {number(self.found)} schedules that are due first in this week. There are more."
        )

    def lines(self, day: int) -> list[Line]:
        return sorted(self._of_day[day].values(), key=lambda line: (line.first, line.name))

    def load(self, day: int) -> dict[str, Any] | None:
        """The day's hours as bars; None in a week in which no hour has more than one instant, or if there is none."""
        load, highest = self._loads[day], max(load.most for load in self._loads)
        if highest < 2 or not load.most:
            return None
        return {"bars": load.bars(highest), "busiest": load.busiest, "most": load.most}

    def _due_first(self) -> dict[int, Schedule]:
        schedules = Schedule.objects.filter(project=self._project).enabled().filter(next_due_at__lt=self._edges[-1])
        return {one.pk: one for one in schedules.for_rows().order_by("next_due_at", "pk")[:MOST_LOOKED_AT]}

    def _slots(self) -> Any:
        return Slot.objects.filter(due_at__gte=self._edges[0], due_at__lt=self._edges[-1])

    def _slots_by_schedule(self) -> dict[int, int]:
        slots = self._slots().filter(schedule__project=self._project).order_by()
        counted = slots.values("schedule").annotate(count=Count("pk")).order_by("-count", "schedule")
        return dict(counted.values_list("schedule", "count")[:MOST_LOOKED_AT])

    def _to_come(self, schedule: Schedule) -> list[tuple[int, str, Tally]]:
        """(day, kind, how many), from the one that is due next, which nothing has become of yet."""
        timing, due = stored_timing(schedule), schedule.next_due_at
        if timing is None or due is None:
            return []
        until = timing.until + timedelta(microseconds=1) if timing.end_date else self._edges[-1]
        ends = schedule.connection and schedule.connection.expires_at
        days = []
        for day in range(DAYS):
            begin, end = max(self._edges[day], due), min(self._edges[day + 1], until)
            middle = max(begin, min(ends, end)) if ends else end
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
        for row in hours.annotate(count=Count("pk")):
            self._loads[row["day"]].add(row["hour"], row["count"])

    def _add_coming(self) -> None:
        for key, schedule in self._shown.items():
            timing = stored_timing(schedule)
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


def week_of(project: Project, *, asked: str, path: str, now: datetime) -> dict[str, Any]:
    """The week that `asked` ("2026-11-23", any day of it) lies in, in the reader's zone; this one if it is none.

    Beyond what there is to see it is the first or last week of that, and nothing leads further.
    """
    today = timezone.localtime(now).date()
    first, last = _range(project, today)
    monday = max(first, min(_monday(asked, today), last))
    week = Week(project, monday)
    days = [monday + timedelta(days=day) for day in range(DAYS)]
    return {
        "label": f"{days[0].day} {days[0]:%b} to {days[-1].day} {days[-1]:%b} {days[-1]:%Y}",
        "zone": timezone.get_current_timezone_name(),
        "days": [
            {"date": day, "is_today": day == today, "lines": week.lines(at), "load": week.load(at)}
            for at, day in enumerate(days)
        ],
        "note": week.note,
        "earlier_url": f"{path}?week={monday - _SPAN}" if monday > first else None,
        "later_url": f"{path}?week={monday + _SPAN}" if monday < last else None,
        "this_url": path,
        "is_this": monday <= today < monday + _SPAN,
    }


def _range(project: Project, today: date) -> tuple[date, date]:
    """The Mondays of the first week with something in it, and of the last one that is told."""
    made_at = Schedule.objects.filter(project=project).aggregate(first=Min("created_at"))["first"]
    if made_at is None:
        return _monday_of(today), _monday_of(today)
    return _monday_of(min(timezone.localtime(made_at).date(), today)), _monday_of(today + AHEAD)


def _monday(asked: str, today: date) -> date:
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        day = today
    if not date(2000, 1, 1) <= day <= date(2200, 1, 1):
        day = today
    return _monday_of(day)


def _monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))
