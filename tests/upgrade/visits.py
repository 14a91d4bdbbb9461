"""Who looks at which page: for each route, those whose rows it shows, at each of the rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator

from connections.models import Connection, Site
from mantik.accounts.models import Session, User
from mantik.tokens.models import PersonalAccessToken
from projects.models import GroupMember, Invitation, Project
from projects.roles import Role
from tests.matrix.expected import PAGES
from tests.upgrade import known

T = TypeVar("T")
_ARGUMENT = re.compile(r"<(\w+):(\w+)>")
# Not for a member in a browser: for operators, for probes, for sites, for programs.
_NOT_FOR_MEMBERS = re.compile("admin|tracking|notify|healthz|readyz|metrics|api/")

# Its rows are in its query.
_COMPARISON = "runs:compare"


@dataclass(frozen=True)
class Visit:
    viewer: User
    path: str


def is_for_members(route: str) -> bool:
    return not _NOT_FOR_MEMBERS.match(route)


def visits(name: str, route: str) -> Iterator[Visit]:
    """None for a route that needs what no row has, such as a key out of a mail."""
    if route.startswith("projects/<slug:slug>/"):
        for project in Project.objects.filter(memberships__role=Role.OWNER).order_by("pk"):
            for row in _of_project(name, route, project):
                yield Visit(owner_of(project), _path(route, slug=project.slug, **row) + _query(name, project))
    elif _ARGUMENT.search(route):
        for viewer, row in _found(_OF_PEOPLE, name)():
            yield Visit(viewer, _path(route, **row))
    elif "(?P" not in route:
        for viewer in User.objects.filter(username__in=[known.MEMBER, known.OTHER, Role.RESEARCHER]):
            yield Visit(viewer, _path(route))


def owner_of(project: Project) -> User:
    return project.memberships.filter(role=Role.OWNER).earliest("pk").user


def _path(route: str, **row: Any) -> str:
    return "/" + _ARGUMENT.sub(lambda found: str(row[found[2]]), route)


def _query(name: str, project: Project) -> str:
    query = PAGES[name].query if name in PAGES else ""
    if not name.startswith(_COMPARISON):
        return query
    runs = urlencode([("run", uuid) for uuid in project.runs.values_list("uuid", flat=True)[:2]])
    return f"{query}&{runs}" if query else f"?{runs}"


def _of_project(name: str, route: str, project: Project) -> Iterable[dict[str, Any]]:
    if name.startswith(_COMPARISON) and project.runs.count() < 2:
        return []
    if "<uuid:uuid>" not in route:
        return [{}]
    return [{"uuid": row.uuid} for row in _found(_IN_PROJECTS, name)(project)]


_IN_PROJECTS: dict[str, Callable[[Project], Iterable[Any]]] = {
    "runs:": lambda project: project.runs.all(),
    "schedules:": lambda project: project.schedules.all(),
    "registered_models:": lambda project: project.registered_models.all(),
    "projects:code": lambda project: project.code_repositories.all(),
    "projects:experiment": lambda project: project.experiments.all(),
    "projects:member-group": lambda project: [one.group for one in project.group_memberships.all()],
    "projects:member": lambda project: project.members.all(),
    "projects:withdraw": lambda project: project.invitations.filter(state=Invitation.State.OPEN),
}


def _found(rows: dict[str, T], name: str) -> T:
    for start, of_page in rows.items():
        if name.startswith(start):
            return of_page
    raise AssertionError(f"Which rows has {name}? Tell tests/upgrade/visits.py.")


def _of_groups() -> Iterator[tuple[User, dict[str, Any]]]:
    for admin in GroupMember.objects.filter(is_admin=True):
        for person in admin.group.people.exclude(pk=admin.user_id):
            yield admin.user, {"uuid": admin.group.uuid, "person": person.uuid}


_OF_PEOPLE: dict[str, Callable[[], Iterable[tuple[User, dict[str, Any]]]]] = {
    "connections:site": lambda: [(row.added_by, {"uuid": row.uuid}) for row in Site.objects.all() if row.added_by],
    "connections:": lambda: [(row.owner, {"uuid": row.uuid}) for row in Connection.objects.all()],
    "tokens:": lambda: [(row.user, {"uuid": row.uuid}) for row in PersonalAccessToken.objects.all()],
    "projects:group": _of_groups,
    "projects:invitation": lambda: [
        (row.user, {"uuid": row.uuid}) for row in Invitation.objects.filter(state="open") if row.user
    ],
    # Which say the same to everybody.
    "docs:": lambda: [(User.objects.get(username=known.MEMBER), {"slug": "runs"})],
    "accounts:session": lambda: [(row.user, {"uuid": row.uuid}) for row in Session.objects.all() if row.user],
    # With the name of a provider, which answers elsewhere.
    "openid_connect": list,
    "mfa_": lambda: [(row.user, {"pk": row.pk}) for row in Authenticator.objects.filter(type="webauthn")],
}
