"""The filters of the run list, kept in the URL."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Subquery
from django.http import QueryDict

from mantik.accounts.models import User
from mantik.accounts.querysets import display_name
from mantik.lib.filters import Chips, Filters, Menu, Option, Text, option_as_asked, options_from
from mantik.lib.search_form import SearchBox
from projects.models import Experiment, Project
from projects.services.members import people_of
from runs.models import Run
from runs.querysets import RunQuerySet
from runs.states import STATE_GROUPS

STATES = [Option(name, name.capitalize(), states) for name, states in STATE_GROUPS.items()]
ORIGINS = [Option("site", "At a site", Run.Origin.SITE), Option("local", "Local", Run.Origin.LOCAL)]
PERIODS = [
    Option("day", "Last 24 hours", timedelta(days=1)),
    Option("week", "Last 7 days", timedelta(days=7)),
    Option("month", "Last 30 days", timedelta(days=30)),
]


class RunFilter(Filters):
    """Which runs to list."""

    q = Text(
        SearchBox(
            "runs", by="name, notes, tags, commit or user name", hint="Name, notes, tags, commit", rows="run-rows"
        )
    )
    state = Chips("All states", STATES)
    experiment = Menu[int]("Experiment", others="The page Experiments leads to the runs of each.")
    member = Menu[int]("Member", others="Search for the user name of another.")
    started = Menu("Started", ORIGINS, noun="place")
    period = Menu("Any time", PERIODS)

    def __init__(self, query: QueryDict, *, project: Project | None, path: str, now: datetime) -> None:
        """Without a `project` no options are read: what `query` asks for is taken for one."""
        super().__init__(query, path=path, options=_options(project, query) if project else _as_asked(query))
        self._now = now

    def apply(self, runs: RunQuerySet) -> RunQuerySet:
        if self.state:
            runs = runs.filter(state__in=self.state.means)
        if self.experiment:
            runs = runs.filter(experiment=self.experiment.means)
        if self.member:
            runs = runs.filter(created_by=self.member.means)
        if self.started:
            runs = runs.filter(origin=self.started.means)
        if self.period:
            runs = runs.filter(created_at__gte=self._now - self.period.means)
        return runs.search(self.q, in_notes=True) if self.q else runs


def _options(project: Project, query: QueryDict) -> dict[str, list[Option[int]]]:
    experiments = project.experiments.in_order()
    return {
        "experiment": options_from(experiments, value="uuid", label="name", asked=query.get("experiment", "")),
        "member": member_options(project, query),
    }


def member_options(project: Project, query: QueryDict) -> list[Option[int]]:
    people = people_of(project).order_by("username").annotate(shown=display_name())
    return options_from(people, value="username", label="shown", asked=query.get("member", ""))


def _as_asked(query: QueryDict) -> dict[str, list[Option[int | Subquery]]]:
    return {
        "experiment": option_as_asked(Experiment.objects.all(), value="uuid", asked=query.get("experiment", "")),
        "member": option_as_asked(User.objects.all(), value="username", asked=query.get("member", "")),
    }
