"""The list of projects, with its filters kept in the URL."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.http import QueryDict

from mantik.accounts.models import User
from mantik.lib.filters import Filters, Link, LinkMenu, Lists, Option, Several, Text
from mantik.lib.search_form import SearchBox
from projects.models import Project
from projects.querysets import ProjectQuerySet
from projects.services import labels

# How many labels the filter takes at once.
MAX_LABELS = 5
Of = Callable[[User | AnonymousUser], ProjectQuerySet]
_MINE = Option[Of]("mine", "My projects", Project.objects.joined_by)
_PUBLIC = Option[Of]("public", "Public", lambda _user: Project.objects.filter(is_public=True))
_ALL = Option[Of]("all", "All I can see", Project.objects.visible_to)


class ProjectFilter(Filters):
    """Which projects to list. Without signing in, there is only the list of public ones."""

    show = Lists([_MINE, _PUBLIC, _ALL])
    q = Text(SearchBox("projects", by="name, summary or label", hint="Name, summary, label"))
    label = Several(most=MAX_LABELS, form=lambda name: name.lower()[: labels.MAX_LENGTH])

    def __init__(self, query: QueryDict, *, user: User | AnonymousUser, path: str) -> None:
        super().__init__(query, path=path, options={} if user.is_authenticated else {"show": [_PUBLIC]})
        self._user = user

    def projects(self) -> ProjectQuerySet:
        found = self.show.means(self._user)
        for name in self.label:
            found = found.labelled(name)
        return found.matching(self.q) if self.q else found

    # For the template

    @property
    def menu(self) -> LinkMenu:
        suggested = labels.suggestions(self._user, without=self.label)
        return LinkMenu("Label", [Link(name, self.query_of_label(name)) for name in suggested])

    def query_of_label(self, name: str) -> QueryDict:
        return self.query_with(label=[*(one for one in self.label if one != name), name])
