"""Who may do what. The table stands here a second time, written out, so that no change to it goes unnoticed."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries

from mantik.accounts.models import User
from projects.models import Project
from projects.permissions import LEAST_ROLE, TABLE, Action, may, role_of
from projects.roles import Role
from tests.support.factories import join, make_project, make_user
from tests.support.places import DOCS

pytestmark = pytest.mark.django_db

LOOKS = {Action.VIEW_PROJECT, Action.VIEW_MEMBERS, Action.LEAVE_PROJECT}
REPORTS = LOOKS | {Action.DOWNLOAD_ARTIFACTS}
RESEARCHES = REPORTS | {
    Action.ADD_CODE_REPOSITORY,
    Action.EDIT_OWN_CODE_REPOSITORY,
    Action.ADD_EXPERIMENT,
    Action.EDIT_OWN_EXPERIMENT,
    Action.ADD_RUN,
    Action.CANCEL_OWN_RUN,
    Action.DELETE_OWN_RUN,
    Action.EDIT_OWN_RUN,
    Action.REGISTER_MODEL,
    Action.EDIT_OWN_MODEL,
    Action.ADD_SCHEDULE,
    Action.EDIT_OWN_SCHEDULE,
}
MAINTAINS = RESEARCHES | {
    Action.CANCEL_ANY_RUN,
    Action.DELETE_ANY_RUN,
    Action.EDIT_ANY_RUN,
    Action.EDIT_ANY_MODEL,
    Action.EDIT_ANY_CODE_REPOSITORY,
    Action.EDIT_ANY_EXPERIMENT,
    Action.EDIT_ANY_SCHEDULE,
    Action.EDIT_PROJECT,
}
OWNS = MAINTAINS | {
    Action.SET_VISIBILITY,
    Action.SET_ADDRESS,
    Action.MANAGE_MEMBERS,
    Action.VIEW_ACTIVITY,
    Action.DELETE_PROJECT,
}
ALLOWED = {
    Role.GUEST: LOOKS,
    Role.REPORTER: REPORTS,
    Role.RESEARCHER: RESEARCHES,
    Role.MAINTAINER: MAINTAINS,
    Role.OWNER: OWNS,
}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("action", list(Action))
def test_each_role_may_do_exactly_this(project: Project, role: Role, action: Action) -> None:
    member = join(project, role)
    assert may(member, action, project) is (action in ALLOWED[role])


def test_every_action_is_in_the_table() -> None:
    assert set(LEAST_ROLE) == set(Action)
    assert sum(len(lines) for lines in TABLE.values()) == len(Action)


def test_the_document_says_what_the_table_says() -> None:
    """If not: `manage.py print_permissions > docs/permissions.md`."""
    printed = StringIO()
    call_command("print_permissions", stdout=printed)
    assert (DOCS / "permissions.md").read_text(encoding="utf-8") == printed.getvalue()
    assert "| Make the project public or private |   |   |   |   | x |" in printed.getvalue()


@pytest.mark.parametrize("action", list(Action))
def test_an_outsider_may_do_nothing(project: Project, outsider: User, action: Action) -> None:
    assert not may(outsider, action, project)
    assert not may(AnonymousUser(), action, project)


@pytest.mark.parametrize("action", list(Action))
def test_anybody_may_look_at_a_public_project_and_no_more(
    public_project: Project, outsider: User, action: Action
) -> None:
    looks = action is Action.VIEW_PROJECT
    assert may(outsider, action, public_project) is looks
    assert may(AnonymousUser(), action, public_project) is looks


def test_a_role_holds_in_its_own_project_only(owner: User, project: Project) -> None:
    assert not may(owner, Action.VIEW_PROJECT, make_project())


def test_an_operator_has_no_role_by_that(operator: User, project: Project) -> None:
    assert role_of(operator, project) is None
    assert not may(operator, Action.VIEW_PROJECT, project)


def test_an_account_that_was_switched_off_may_do_nothing(project: Project) -> None:
    member = join(project, Role.OWNER, make_user("former", is_active=False))
    assert not may(member, Action.ADD_RUN, project)
    assert not may(member, Action.VIEW_PROJECT, project)


def test_the_role_is_read_once(
    project: Project, owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert [may(owner, action, project) for action in Action] == [True] * len(Action)


def test_one_sees_ones_own_and_the_public_projects(project: Project, public_project: Project, owner: User) -> None:
    make_project()
    assert set(Project.objects.visible_to(owner)) == {project, public_project}
    assert set(Project.objects.visible_to(AnonymousUser())) == {public_project}
    assert list(Project.objects.joined_by(owner)) == [project]
    assert list(Project.objects.joined_by(AnonymousUser())) == []


def test_a_project_is_seen_once_however_many_members_it_has(public_project: Project, owner: User) -> None:
    for role in Role:
        join(public_project, role)
    join(public_project, Role.GUEST, owner)
    assert list(Project.objects.visible_to(owner)).count(public_project) == 1
