"""Every page of a project, for everybody, by both methods: what it answers is what the permission table says.

The pages come from the URL configuration, so a new one cannot be forgotten. Nothing of what is sent here lasts:
each request is undone.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client, override_settings
from pytest_django import DjangoDbBlocker

from mantik.accounts.models import User
from projects.models import Project
from projects.roles import GROUP_ROLES, Role
from runs.states import RunState
from tests.matrix.addresses import project_pages
from tests.matrix.expected import PAGES, Page
from tests.support.factories import (
    join,
    join_by_group,
    make_code_repository,
    make_experiment,
    make_invitation,
    make_project,
    make_run,
    make_schedule,
    make_user,
)
from tests.support.registered_models import make_model

# Each test's own transaction lies within that of the world.
pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

# Nobody listens there: MLflow is away.
NOWHERE = "http://127.0.0.1:9"
SIGNED_OUT, OUTSIDER, OPERATOR = "signed out", "outsider", "operator"
# Who has a role only by a group may do the same as who has it themselves.
BY_GROUP = {f"{role.value} by group": role for role in GROUP_ROLES}
PEOPLE = (SIGNED_OUT, OUTSIDER, *Role.values, *BY_GROUP, OPERATOR)
SIGN_IN, NOT_FOUND, FORBIDDEN, WRONG_METHOD, ANSWER = "sign in", "404", "403", "405", "answer"


@dataclass
class Place:
    """A project with something of each kind in it, all of it added by the researcher."""

    project: Project
    ids: dict[str, uuid.UUID]

    def url(self, name: str, route: str) -> str:
        below = re.sub("<uuid:uuid>", str(self.ids[_kind(name)]), route)
        return "/" + below.replace("<slug:slug>", self.project.slug) + PAGES[name].query


def _kind(name: str) -> str:
    """Of what an address names, if it names anything."""
    if name.startswith("runs:"):
        return "run"
    if name.startswith("schedules:"):
        return "schedule"
    if name.startswith("registered_models:"):
        return "model"
    kinds = {"code": "code", "experiment": "experiment", "member-group": "group", "withdraw": "invitation"}
    return next((kind for start, kind in kinds.items() if name.startswith(f"projects:{start}")), "member")


@dataclass
class World:
    places: dict[bool, Place]
    clients: dict[str, Client]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with django_db_blocker.unblock(), override_settings(MANTIK_MLFLOW_URI=NOWHERE), transaction.atomic():
        members = {role: make_user(f"matrix-{role.value}") for role in Role}
        by_group = {role: make_user(f"matrix-{role.value}-by-group") for role in GROUP_ROLES}
        places = {is_public: _place(members, by_group, is_public=is_public) for is_public in (True, False)}
        people: dict[str, User] = {role.value: member for role, member in members.items()} | {
            OUTSIDER: make_user("matrix-outsider"),
            **{who: by_group[role] for who, role in BY_GROUP.items()},
            OPERATOR: make_user("matrix-operator", is_staff=True, is_superuser=True),
        }
        clients = {SIGNED_OUT: Client()} | {who: Client() for who in people}
        for who, person in people.items():
            clients[who].force_login(person)
        yield World(places, clients)
        transaction.set_rollback(True)


def _place(members: dict[Role, User], by_group: dict[Role, User], *, is_public: bool) -> Place:
    project = make_project(slug="matrix-public" if is_public else "matrix-private", is_public=is_public)
    for role, member in members.items():
        join(project, role, member)
    for role, member in by_group.items():
        join_by_group(project, role, member)
    researcher = members[Role.RESEARCHER]
    code = make_code_repository(project=project, created_by=researcher)
    run = make_run(
        RunState.FINISHED, project=project, created_by=researcher, code_repository=code, mlflow_run_id="1f" * 16
    )
    somebody = join(project, Role.GUEST)
    invitation = make_invitation(project=project, user=make_user())
    found: dict[str, Any] = {"run": run, "code": code, "member": somebody, "invitation": invitation}
    found["experiment"] = make_experiment(project=project, created_by=researcher)
    gave = make_run(RunState.FINISHED, project=project, created_by=researcher, code_repository=code)
    found["model"] = make_model(run=gave)
    found["schedule"] = make_schedule(run=run, created_by=researcher)
    found["group"] = project.group_memberships.latest("pk").group
    return Place(project, {kind: row.uuid for kind, row in found.items()})


def expected(page: Page, who: str, method: str, *, is_public: bool) -> str:
    role = Role(who) if who in Role.values else BY_GROUP.get(who)
    if page.needs_sign_in and who == SIGNED_OUT:
        return SIGN_IN
    if method not in page.methods:
        return WRONG_METHOD
    if not is_public and role is None:
        return NOT_FOUND
    return ANSWER if page.allows(role, is_public=is_public, made_it=who == Role.RESEARCHER) else FORBIDDEN


def answer(client: Client, method: str, url: str) -> str:
    with transaction.atomic():
        response = client.get(url) if method == "GET" else client.post(url)
        transaction.set_rollback(True)
    if response.status_code == 302 and response["Location"].startswith("/accounts/sign-in/"):
        return SIGN_IN
    # 422: the form was read and is wrong, which only who may send it gets to know.
    return ANSWER if response.status_code in (200, 302, 422) else str(response.status_code)


def test_every_page_of_a_project_is_in_the_table_and_every_line_is_a_page() -> None:
    assert set(project_pages()) == set(PAGES)


@pytest.mark.parametrize("is_public", [True, False], ids=["public", "private"])
@pytest.mark.parametrize("name", project_pages())
def test_a_page_answers_everybody_as_the_permission_table_says(world: World, name: str, is_public: bool) -> None:
    url = world.places[is_public].url(name, project_pages()[name])
    asked = [(who, method) for who in PEOPLE for method in ("GET", "POST")]
    found = {(who, method): answer(world.clients[who], method, url) for who, method in asked}
    assert found == {(who, method): expected(PAGES[name], who, method, is_public=is_public) for who, method in asked}


@pytest.mark.parametrize("name", project_pages())
def test_of_a_private_project_an_outsider_learns_no_more_than_of_none(world: World, name: str) -> None:
    """Every page answers as it does below an address that no project has."""
    place = world.places[False]
    there = place.url(name, project_pages()[name])
    nowhere = there.replace(place.project.slug, "no-such-project")
    for who in (SIGNED_OUT, OUTSIDER, OPERATOR):
        for method in ("GET", "POST"):
            client = world.clients[who]
            assert answer(client, method, there) == answer(client, method, nowhere)
