"""What owners read of their project's audit events, and the filters of that list, all of them in the URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from mantik.audit.models import AuditEvent
from mantik.audit.querysets import AuditEventQuerySet
from mantik.audit.verbs import VERBS
from projects.models import Project
from projects.services import members

# What can happen in a project, in the order of the menu. A noun that no verb has is left out.
_SUBJECTS = {
    "project": "The project itself",
    "member": "Members",
    "group": "Groups",
    "invitation": "Invitations",
    "code_repository": "Code",
    "experiment": "Experiments",
    "run": "Runs",
    "schedule": "Schedules",
    "model": "Models",
}
MOST_OPTIONS = 30


@dataclass
class ActivityFilter:
    """Which events to list. Values that mean nothing are left out, so an old link still shows something."""

    path: str
    subjects: dict[str, str]
    people: dict[str, int]
    about: str = ""
    person: str = ""

    @classmethod
    def from_query(cls, query: QueryDict, *, project: Project, path: str) -> ActivityFilter:
        nouns = {verb.partition(".")[0] for verb in VERBS}
        subjects = {noun: label for noun, label in _SUBJECTS.items() if noun in nouns}
        found = members.people_of(project).order_by("username").values_list("username", "pk")
        filters = cls(path, subjects, dict(found[:MOST_OPTIONS]))
        filters.about = query.get("about", "") if query.get("about") in subjects else ""
        filters.person = query.get("person", "") if query.get("person") in filters.people else ""
        return filters

    def events_of(self, project: Project) -> AuditEventQuerySet:
        events = AuditEvent.objects.of_project(project.uuid)
        if self.about:
            events = events.about(self.about)
        if self.person:
            events = events.filter(actor=self.people[self.person])
        return events

    # For the template

    @property
    def is_filtered(self) -> bool:
        return bool(self.about or self.person)

    @property
    def menus(self) -> list[dict[str, Any]]:
        people = {name: name for name in self.people}
        return [
            self._menu("about", "About", self.about, self.subjects),
            self._menu("person", "By", self.person, people),
        ]

    @property
    def query(self) -> str:
        """For the address of the export, which has the same filters."""
        return self.url().removeprefix(self.path)

    def url(self, **changed: str) -> str:
        query = QueryDict(mutable=True)
        query.update({name: value for name, value in (self._in_force | changed).items() if value})
        return f"{self.path}?{query.urlencode()}" if query else self.path

    @property
    def _in_force(self) -> dict[str, str]:
        return {"about": self.about, "person": self.person}

    def _menu(self, name: str, label: str, chosen: str, options: dict[str, str]) -> dict[str, Any]:
        return {
            "label": label,
            "chosen": options.get(chosen),
            "clear_url": self.url(**{name: ""}),
            "options": [
                {"label": text, "url": self.url(**{name: value}), "is_chosen": value == chosen}
                for value, text in options.items()
            ],
        }
