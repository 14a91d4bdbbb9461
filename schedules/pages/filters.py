"""The filters of the list of schedules and of a schedule's slots, all of them in the URL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from schedules.querysets import ScheduleQuerySet, SlotQuerySet
from schedules.states import Outcome, ScheduleState


@dataclass(frozen=True)
class ScheduleFilter:
    """Which schedules to list. A value that means nothing is left out."""

    path: str
    q: str = ""
    state: str = ""

    @classmethod
    def from_query(cls, query: QueryDict, *, path: str) -> ScheduleFilter:
        state = query.get("state", "")
        return cls(path, query.get("q", "").strip()[:100], state if state in ScheduleState.values else "")

    def apply(self, schedules: ScheduleQuerySet) -> ScheduleQuerySet:
        if self.state:
            schedules = schedules.filter(state=self.state)
        return schedules.filter(name__icontains=self.q) if self.q else schedules

    @property
    def is_filtered(self) -> bool:
        return bool(self.q or self.state)

    @property
    def chips(self) -> list[dict[str, Any]]:
        options = [("", "All"), *ScheduleState.choices]
        return chips(options, chosen=self.state, url=lambda value: _url(self.path, {"q": self.q, "state": value}))

    def page_url(self, cursor: str | None) -> str | None:
        return _url(self.path, {"q": self.q, "state": self.state, "page": cursor}) if cursor else None


@dataclass(frozen=True)
class SlotFilter:
    """Which slots of a schedule to list."""

    path: str
    outcome: str = ""

    @classmethod
    def from_query(cls, query: QueryDict, *, path: str) -> SlotFilter:
        outcome = query.get("outcome", "")
        return cls(path, outcome if outcome in Outcome.values else "")

    def apply(self, slots: SlotQuerySet) -> SlotQuerySet:
        return slots.filter(outcome=self.outcome) if self.outcome else slots

    @property
    def chips(self) -> list[dict[str, Any]]:
        options = [("", "All"), *Outcome.choices]
        return chips(options, chosen=self.outcome, url=lambda value: _url(self.path, {"outcome": value}))

    def page_url(self, cursor: str | None) -> str | None:
        return _url(self.path, {"outcome": self.outcome, "page": cursor}) if cursor else None


def chips(options: Any, *, chosen: str, url: Any) -> list[dict[str, Any]]:
    """Of components/chip.html, one for each (value, label)."""
    return [{"label": label, "url": url(value), "is_chosen": value == chosen} for value, label in options]


def _url(path: str, values: Mapping[str, str | None]) -> str:
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in values.items() if value})
    return f"{path}?{query.urlencode()}" if query else path
