"""The activity page: the audit events of a project, for its owners, with filters kept in the URL."""

from __future__ import annotations

from django.http import QueryDict

from mantik.accounts.querysets import display_name
from mantik.audit.models import AuditEvent
from mantik.audit.querysets import AuditEventQuerySet
from mantik.lib.filters import Filters, Menu, Option, options_from
from projects.models import Project
from projects.services.members import people_of

# The menu "About", in its order.
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
_ABOUT = [Option(noun, label, noun) for noun, label in _SUBJECTS.items()]


class ActivityFilter(Filters):
    """Which events to list."""

    about = Menu("About", _ABOUT, noun="subject")
    person = Menu[int]("By", noun="member", others="The CSV file has the changes of all.")

    def __init__(self, query: QueryDict, *, project: Project, path: str) -> None:
        people = people_of(project).order_by("username").annotate(shown=display_name())
        options = {"person": options_from(people, value="username", label="shown", asked=query.get("person", ""))}
        super().__init__(query, path=path, options=options)
        self._project = project

    def events(self) -> AuditEventQuerySet:
        events = AuditEvent.objects.of_project(self._project.uuid).select_related("actor")
        if self.about:
            events = events.about(self.about.means)
        return events.filter(actor=self.person.means) if self.person else events
