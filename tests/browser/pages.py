"""Every page there is, by name: its address, and who looks at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from projects.permissions import Role
from runs.states import RunState
from tests.browser.scene import Scene


@dataclass(frozen=True)
class PageOf:
    """`url` of a scene; `role` of who looks, None for somebody who is not signed in."""

    url: Callable[[Scene], str]
    role: Role | None = Role.RESEARCHER


def _project(name: str, *, empty: bool = False, query: str = "") -> Callable[[Scene], str]:
    return lambda scene: reverse(name, args=[(scene.empty if empty else scene.project).slug]) + query


def _run(state: RunState, *, name: str = "runs:detail", query: str = "") -> Callable[[Scene], str]:
    return lambda scene: reverse(name, args=[scene.project.slug, scene.runs[state].uuid]) + query


def _connection(name: str) -> Callable[[Scene], str]:
    return lambda scene: reverse(name, args=[scene.connection.uuid])


def _member(name: str) -> Callable[[Scene], str]:
    return lambda scene: reverse(name, args=[scene.project.slug, scene.researcher.uuid])


def _at(url: str) -> Callable[[Scene], str]:
    return lambda _scene: url


TABS = ("log", "metrics", "artifacts", "configuration", "events")
PAGES: dict[str, PageOf] = {
    "sign-in": PageOf(_at("/accounts/sign-in/"), role=None),
    "not-found": PageOf(_at("/projects/nowhere/")),
    "forbidden": PageOf(_project("runs:new"), role=Role.GUEST),
    "projects": PageOf(_at("/projects/")),
    "projects-signed-out": PageOf(_at("/projects/"), role=None),
    "project-add": PageOf(_at("/projects/add/")),
    "overview": PageOf(_project("projects:overview")),
    "overview-first-steps": PageOf(_project("projects:overview", empty=True)),
    "code": PageOf(_project("projects:code")),
    "code-empty": PageOf(_project("projects:code", empty=True)),
    "code-add": PageOf(_project("projects:code-add")),
    "experiments": PageOf(_project("projects:experiments")),
    "experiments-empty": PageOf(_project("projects:experiments", empty=True)),
    "experiment-add": PageOf(_project("projects:experiment-add")),
    "runs": PageOf(_project("runs:list")),
    "runs-guest": PageOf(_project("runs:list"), role=Role.GUEST),
    "runs-no-match": PageOf(_project("runs:list", query="?q=nothing-like-this")),
    "runs-empty": PageOf(_project("runs:list", empty=True)),
    "submissions": PageOf(_project("runs:submissions")),
    "submissions-empty": PageOf(_project("runs:submissions", empty=True)),
    "new-run": PageOf(_project("runs:new")),
    "new-run-blocked": PageOf(_project("runs:new", empty=True)),
    "run-again": PageOf(
        lambda scene: reverse("runs:new", args=["solar-cells"]) + f"?from={scene.runs[RunState.FINISHED].uuid}"
    ),
    **{f"run-{state.value.lower()}": PageOf(_run(state)) for state in RunState},
    **{f"run-{tab}": PageOf(_run(RunState.FINISHED, query=f"?tab={tab}")) for tab in TABS},
    "run-artifacts-folder": PageOf(_run(RunState.FINISHED, query="?tab=artifacts&path=model")),
    "run-guest": PageOf(_run(RunState.RUNNING), role=Role.GUEST),
    "run-cancel": PageOf(_run(RunState.RUNNING, name="runs:cancel")),
    "run-delete": PageOf(_run(RunState.FINISHED, name="runs:delete")),
    "members": PageOf(_project("projects:members")),
    "members-owner": PageOf(_project("projects:members"), role=Role.OWNER),
    "members-invite": PageOf(_project("projects:invite"), role=Role.OWNER),
    "members-role": PageOf(_member("projects:member-role"), role=Role.OWNER),
    "members-remove": PageOf(_member("projects:member-remove"), role=Role.OWNER),
    "members-hand-over": PageOf(_member("projects:member-hand-over"), role=Role.OWNER),
    "members-leave": PageOf(_project("projects:leave")),
    "roles": PageOf(_project("projects:roles")),
    "roles-signed-out": PageOf(_project("projects:roles", empty=True), role=None),
    "settings": PageOf(_project("projects:settings"), role=Role.OWNER),
    "settings-maintainer": PageOf(_project("projects:settings"), role=Role.MAINTAINER),
    "invitations": PageOf(_at("/settings/invitations/")),
    "invitations-empty": PageOf(_at("/settings/invitations/"), role=Role.GUEST),
    "invitations-withdraw": PageOf(
        lambda scene: reverse("projects:withdraw", args=[scene.project.slug, scene.invitation.uuid]), role=Role.OWNER
    ),
    "tokens": PageOf(_at("/settings/tokens/")),
    "tokens-empty": PageOf(_at("/settings/tokens/"), role=Role.GUEST),
    "token-add": PageOf(_at("/settings/tokens/add/")),
    "token-revoke": PageOf(lambda scene: reverse("tokens:revoke", args=[scene.access_token.uuid])),
    "notices": PageOf(_at("/settings/notices/")),
    "notices-empty": PageOf(_at("/settings/notices/"), role=Role.GUEST),
    "connections": PageOf(_at("/settings/connections/")),
    "connections-empty": PageOf(_at("/settings/connections/"), role=Role.GUEST),
    "connection-add": PageOf(_at("/settings/connections/add/")),
    "connection-secret": PageOf(_connection("connections:secret")),
    "connection-delete": PageOf(_connection("connections:delete")),
}
