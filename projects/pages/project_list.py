"""The list of projects: whose, and the filters, all of them in the URL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import QueryDict

from mantik.accounts.models import User
from projects.models import Project
from projects.querysets import ProjectQuerySet
from projects.services import labels

MINE, PUBLIC, ALL = "mine", "public", "all"
TABS = {MINE: "My projects", PUBLIC: "Public", ALL: "All I can see"}
MOST_LABELS = 5


@dataclass
class ProjectFilter:
    """Which projects to list. Values that mean nothing are left out, so an old link still shows something."""

    user: User | AnonymousUser
    path: str
    tab: str
    q: str = ""
    labels: list[str] = field(default_factory=list)

    @classmethod
    def from_query(cls, query: QueryDict, *, user: User | AnonymousUser, path: str) -> ProjectFilter:
        tab = query.get("show", "")
        if not user.is_authenticated:
            tab = PUBLIC
        chosen = dict.fromkeys(name.lower()[: labels.LONGEST] for name in query.getlist("label") if name)
        return cls(
            user,
            path,
            tab if tab in TABS else MINE,
            q=query.get("q", "").strip()[:100],
            labels=list(chosen)[:MOST_LABELS],
        )

    def projects(self) -> ProjectQuerySet:
        found = {
            MINE: Project.objects.joined_by(self.user),
            PUBLIC: Project.objects.filter(is_public=True),
            ALL: Project.objects.visible_to(self.user),
        }[self.tab]
        for name in self.labels:
            found = found.labelled(name)
        return found.matching(self.q) if self.q else found

    # For the template

    @property
    def is_filtered(self) -> bool:
        return bool(self.q or self.labels)

    @property
    def clear_url(self) -> str:
        return self.url(q="", label=[])

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """The other filters, which the search form carries along."""
        return [*([("show", self.tab)] if self.user.is_authenticated else []), *(("label", one) for one in self.labels)]

    @property
    def tabs(self) -> list[dict[str, Any]]:
        """Whoever is not signed in sees public ones, and has no choice."""
        if not self.user.is_authenticated:
            return []
        return [
            {"id": tab, "label": label, "url": self.url(show=tab), "is_current": tab == self.tab}
            for tab, label in TABS.items()
        ]

    @property
    def chips(self) -> list[dict[str, Any]]:
        """The labels chosen; each leads to the list without it."""
        return [
            {"label": name, "url": self.url(label=[one for one in self.labels if one != name]), "is_chosen": True}
            for name in self.labels
        ]

    @property
    def menu(self) -> dict[str, Any]:
        suggested = labels.suggestions(self.user, without=self.labels)
        return {
            "label": "Label",
            "options": [{"label": name, "url": self.label_url(name), "is_chosen": False} for name in suggested],
        }

    def label_url(self, name: str) -> str:
        return self.url(label=[*(one for one in self.labels if one != name), name])

    def page_url(self, cursor: str | None) -> str | None:
        return self.url(page=cursor) if cursor else None

    def url(self, **changed: Any) -> str:
        values: dict[str, Any] = {"show": self.tab, "q": self.q, "label": self.labels} | changed
        if values["show"] == MINE or not self.user.is_authenticated:
            values["show"] = ""
        query = QueryDict(mutable=True)
        for name, value in values.items():
            if value:
                query.setlist(name, value if isinstance(value, list) else [value])
        return f"{self.path}?{query.urlencode()}" if query else self.path
