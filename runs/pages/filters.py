"""The filters of the run list, all of them in the URL."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.http import QueryDict

from projects.models import Project
from projects.services.members import people_of
from runs.querysets import RunQuerySet
from runs.states import ACTIVE, RunState

STATES: dict[str, tuple[str, tuple[RunState, ...]]] = {
    "active": ("Active", ACTIVE),
    "finished": ("Finished", (RunState.FINISHED,)),
    "failed": ("Failed", (RunState.FAILED, RunState.LOST)),
    "cancelled": ("Cancelled", (RunState.CANCELLED,)),
}
PERIODS = {"day": ("Last 24 hours", 1), "week": ("Last 7 days", 7), "month": ("Last 30 days", 30)}
MOST_OPTIONS = 30


@dataclass
class RunFilter:
    """Which runs to list. Values that mean nothing are left out, so an old link still shows something."""

    project: Project
    query: QueryDict
    path: str
    now: datetime
    q: str = ""
    state: str = ""
    experiment: str = ""
    member: str = ""
    period: str = ""
    _experiments: list[tuple[str, str]] = field(default_factory=list)
    _members: list[tuple[str, str]] = field(default_factory=list)
    # Rows by their keys: the indexes of the list are on these, and a join would hide them.
    _keys: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def from_query(cls, query: QueryDict, *, project: Project, path: str, now: datetime) -> RunFilter:
        filters = cls(project, query, path, now, q=query.get("q", "").strip()[:100])
        for uuid, name, pk in project.experiments.in_order().values_list("uuid", "name", "pk")[:MOST_OPTIONS]:
            filters._experiments.append((str(uuid), name))
            filters._keys["experiment", str(uuid)] = pk
        for name, pk in people_of(project).order_by("username").values_list("username", "pk")[:MOST_OPTIONS]:
            filters._members.append((name, name))
            filters._keys["member", name] = pk
        filters.state = _known(query.get("state"), STATES)
        filters.period = _known(query.get("period"), PERIODS)
        filters.experiment = _known(query.get("experiment"), dict(filters._experiments))
        filters.member = _known(query.get("member"), dict(filters._members))
        return filters

    def apply(self, runs: RunQuerySet) -> RunQuerySet:
        if self.state:
            runs = runs.filter(state__in=STATES[self.state][1])
        if self.experiment:
            runs = runs.filter(experiment=self._keys["experiment", self.experiment])
        if self.member:
            runs = runs.filter(created_by=self._keys["member", self.member])
        if self.period:
            runs = runs.filter(created_at__gte=self.now - timedelta(days=PERIODS[self.period][1]))
        if self.q:
            runs = runs.search(self.q)
        return runs

    # For the template

    @property
    def is_filtered(self) -> bool:
        return bool(self._in_force)

    @property
    def clear_url(self) -> str:
        return self.path

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """The other filters, which the search form carries along."""
        return [(name, value) for name, value in self._in_force.items() if name != "q"]

    @property
    def chips(self) -> list[dict[str, Any]]:
        chosen = {"label": "All states", "url": self._url(state=""), "is_chosen": not self.state}
        return [chosen] + [
            {"label": label, "url": self._url(state=key), "is_chosen": self.state == key}
            for key, (label, _) in STATES.items()
        ]

    @property
    def menus(self) -> list[dict[str, Any]]:
        return [
            self._menu("experiment", "Experiment", self.experiment, self._experiments),
            self._menu("member", "Member", self.member, self._members),
            self._menu("period", "Any time", self.period, [(key, label) for key, (label, _) in PERIODS.items()]),
        ]

    def page_url(self, cursor: str | None) -> str | None:
        return self._url(page=cursor) if cursor else None

    @property
    def live_url(self) -> str:
        return self._url()

    def _menu(self, name: str, label: str, chosen: str, options: list[tuple[str, str]]) -> dict[str, Any]:
        return {
            "label": label,
            "chosen": dict(options).get(chosen),
            "clear_url": self._url(**{name: ""}),
            "options": [
                {"label": text, "url": self._url(**{name: value}), "is_chosen": value == chosen}
                for value, text in options
            ],
        }

    @property
    def _in_force(self) -> dict[str, str]:
        values = {
            "q": self.q,
            "state": self.state,
            "experiment": self.experiment,
            "member": self.member,
            "period": self.period,
        }
        return {name: value for name, value in values.items() if value}

    def _url(self, **changed: str) -> str:
        query = QueryDict(mutable=True)
        query.update({name: value for name, value in (self._in_force | changed).items() if value})
        return f"{self.path}?{query.urlencode()}" if query else self.path


def _known(value: str | None, known: Any) -> str:
    return value if value and value in known else ""
