"""A week of a project's schedules: what ran, what did not, and what is to come, by day and hour."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import Min
from django.urls import reverse
from django.utils import timezone

from projects.models import Project
from runs.states import Badge
from schedules.detail import stored_timing
from schedules.models import Schedule, Slot
from schedules.states import Outcome

DAYS = 7
MOST_SCHEDULES = 100
MOST_SLOTS = 2000
MOST_INSTANTS = 7 * 288
# The calendar leads from the first schedule's week to this long from today.
AHEAD = timedelta(days=366)
TO_COME = Badge("To come", "run", "clock-history")


@dataclass
class Line:
    """What a schedule does on a day: the first and last time, and how often it came to what."""

    name: str
    url: str
    first: str
    last: str = ""
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, at: str, outcome: str) -> None:
        self.first, self.last = min(self.first, at), max(self.last, at)
        self.counts[outcome] += 1

    @property
    def times(self) -> str:
        return self.first if self.first == self.last else f"{self.first} to {self.last}"

    @property
    def badges(self) -> list[tuple[Badge, int]]:
        known = [(outcome.badge, self.counts[outcome.value]) for outcome in Outcome if self.counts[outcome.value]]
        return known + ([(TO_COME, self.counts[""])] if self.counts[""] else [])


def week_of(project: Project, *, asked: str, path: str, now: datetime) -> dict[str, Any]:
    """The week that `asked` ("2026-11-23", any day of it) lies in, in the reader's zone; this one if it is none.

    Beyond what there is to see it is the first or last week of that, and nothing leads further.
    """
    today = timezone.localtime(now).date()
    first, last = _range(project, today)
    monday = max(first, min(_monday(asked, today), last))
    begin, end = _midnight(monday), _midnight(monday + timedelta(days=DAYS))
    lines: dict[tuple[date, int], Line] = {}
    schedules = {one.pk: one for one in Schedule.objects.filter(project=project).for_rows().in_order()[:MOST_SCHEDULES]}
    slots = Slot.objects.filter(schedule__in=schedules, due_at__gte=begin, due_at__lt=end).order_by("due_at")
    for schedule, due, outcome in slots.values_list("schedule", "due_at", "outcome")[:MOST_SLOTS]:
        _note(lines, project, schedules[schedule], due, outcome)
    for one in schedules.values():
        for due in _to_come(one, begin, end):
            _note(lines, project, one, due, "")
    days = [monday + timedelta(days=number) for number in range(DAYS)]
    return {
        "label": f"{days[0].day} {days[0]:%b} to {days[-1].day} {days[-1]:%b} {days[-1]:%Y}",
        "zone": timezone.get_current_timezone_name(),
        "days": [
            {
                "date": day,
                "is_today": day == today,
                "lines": sorted(
                    (line for (on, _), line in lines.items() if on == day), key=lambda line: (line.first, line.name)
                ),
            }
            for day in days
        ],
        "earlier_url": f"{path}?week={monday - timedelta(days=DAYS)}" if monday > first else None,
        "later_url": f"{path}?week={monday + timedelta(days=DAYS)}" if monday < last else None,
        "this_url": path,
        "is_this": monday <= today < monday + timedelta(days=DAYS),
    }


def _note(
    lines: dict[tuple[date, int], Line], project: Project, schedule: Schedule, due: datetime, outcome: str
) -> None:
    local = timezone.localtime(due)
    at = f"{local:%H:%M}"
    key = (local.date(), schedule.pk)
    if key not in lines:
        url = reverse("schedules:detail", args=[project.slug, schedule.uuid])
        lines[key] = Line(schedule.name, url, at)
    lines[key].add(at, outcome)


def _to_come(schedule: Schedule, begin: datetime, end: datetime) -> list[datetime]:
    """From the one that is due next, which nothing has become of yet."""
    timing, due = stored_timing(schedule), schedule.next_due_at
    if timing is None or due is None:
        return []
    after = max(begin, due) - timedelta(microseconds=1)
    return list(islice(timing.instants(after=after, until=end - timedelta(microseconds=1)), MOST_INSTANTS))


def _range(project: Project, today: date) -> tuple[date, date]:
    """The Mondays of the first week with something in it, and of the last one that is told."""
    made_at = Schedule.objects.filter(project=project).aggregate(first=Min("created_at"))["first"]
    first = min(timezone.localtime(made_at).date(), today) if made_at else today
    last = today + AHEAD if made_at else today
    return _monday_of(first), _monday_of(last)


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
