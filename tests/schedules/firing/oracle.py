"""Somebody else who knows what becomes of each due time: cronsim for the times, and the rules told once more.

Slow and simple on purpose, and without a line of `schedules/`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

MINUTE = timedelta(minutes=1)


@dataclass
class Plan:
    """A schedule. `hours` is how long each of its runs takes; `fails` says which of them, counted from 0, do."""

    expression: str
    zone: ZoneInfo
    end_date: date | None
    overlap: str
    missed: str
    cap: int
    grace: timedelta
    pause_after: int
    most_per_day: int | None
    hours: int
    fails: frozenset[int]


@dataclass
class Life:
    """What the oracle remembers of one schedule. `active`: when each of its runs ends, and whether it fails."""

    plan: Plan
    begun: datetime
    slots: dict[datetime, str] = field(default_factory=dict)
    active: list[tuple[datetime, bool]] = field(default_factory=list)
    failures: int = 0
    paused: bool = False
    due_times: list[datetime] = field(default_factory=list)

    def look_ahead(self, until: datetime) -> None:
        last = until
        if self.plan.end_date:
            midnight = datetime.combine(self.plan.end_date + timedelta(days=1), datetime.min.time())
            last = min(until, midnight.replace(tzinfo=self.plan.zone).astimezone(UTC) - timedelta(seconds=1))
        seen = self.begun
        for found in CronSim(self.plan.expression, self.begun.astimezone(self.plan.zone)):
            moment = found.astimezone(UTC)
            if moment > last:
                break
            if moment > seen:
                self.due_times.append(moment)
                seen = moment

    def tick(self, now: datetime) -> None:
        come = []
        while self.due_times and self.due_times[0] <= now:
            come.append(self.due_times.pop(0))
        if self.paused or not come:
            return
        self._count_ends(now)
        if 0 < self.plan.pause_after <= self.failures:
            self.paused = True
            self.slots |= dict.fromkeys(come, "held")
            return
        running = [end for end, _ in self.active]
        to_run = self._to_run(come, now)
        for due in come:
            if due not in to_run:
                self.slots[due] = "missed"
            elif self._is_skipped(due, to_run[-1], running):
                self.slots[due] = "skipped"
            else:
                self.slots[due] = "fired"
                number = sum(outcome == "fired" for outcome in self.slots.values()) - 1
                self.active.append((now + timedelta(hours=self.plan.hours), number in self.plan.fails))

    def _is_skipped(self, due: datetime, last: datetime, running: Sequence[datetime]) -> bool:
        overlap = self.plan.overlap
        return (overlap != "allow" and due != last) or (overlap == "skip" and bool(running)) or self._day_is_full(due)

    def _count_ends(self, now: datetime) -> None:
        # Of runs that end at the same time, the one that began first comes first.
        for _, fails in sorted((one for one in self.active if one[0] <= now), key=lambda one: one[0]):
            self.failures = self.failures + 1 if fails else 0
        self.active = [one for one in self.active if one[0] > now]

    def _to_run(self, come: Sequence[datetime], now: datetime) -> list[datetime]:
        plan = self.plan
        if plan.missed == "skip":
            return [due for due in come if now - due < MINUTE]
        latest = come[-1:] if plan.missed == "one" else come[-plan.cap :]
        return [due for due in latest if now - due < MINUTE or now - due < plan.grace]

    def _day_is_full(self, due: datetime) -> bool:
        if self.plan.most_per_day is None:
            return False
        fired = Counter(at.astimezone(self.plan.zone).date() for at, what in self.slots.items() if what == "fired")
        return fired[due.astimezone(self.plan.zone).date()] >= self.plan.most_per_day
