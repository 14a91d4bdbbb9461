"""Deleting one's account: what stands in the way, what goes and what stays."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from connections.models import Connection
from mantik.account_deletion.services import delete_account
from mantik.accounts.models import FactorSecret, Session, User
from mantik.audit.models import AuditEvent
from mantik.tokens.models import PersonalAccessToken, Scope
from mantik.tokens.services import make_token
from projects.models import Membership, Project
from projects.roles import Role
from projects.services import groups
from runs.models import Run
from runs.states import RunState
from schedules.models import Schedule
from schedules.states import ScheduleState
from tests.conftest import ClientOf
from tests.support.factories import (
    PASSWORD,
    join,
    make_connection,
    make_run,
    make_schedule,
    make_second_factors,
    make_user,
)
from tests.support.pages import confirm_identity, page_text

pytestmark = pytest.mark.django_db

DELETE = "/settings/account/delete/"


def confirmed(client_of: ClientOf, user: User) -> Client:
    client = client_of(user)
    confirm_identity(client, user)
    return client


def test_it_asks_first_who_one_is(client_of: ClientOf, researcher: User) -> None:
    client = client_of(researcher)
    assert client.get(DELETE)["Location"] == f"/accounts/again/?next={DELETE.replace('/', '%2F')}"
    assert client.post(DELETE).status_code == 302
    researcher.refresh_from_db()
    assert researcher.is_active


def test_what_is_somebodys_own_goes(client_of: ClientOf, researcher: User) -> None:
    make_connection(owner=researcher)
    make_second_factors(researcher)
    make_token(user=researcher, name="notebook", scope=Scope.READ, expires_at=timezone.now(), now=timezone.now())
    elsewhere = client_of(researcher)
    response = confirmed(client_of, researcher).post(DELETE, follow=True)
    assert "Your account was deleted." in page_text(response)
    assert not Connection.objects.exists()
    assert not PersonalAccessToken.objects.exists()
    assert not Authenticator.objects.exists()
    assert not FactorSecret.objects.exists()
    assert not EmailAddress.objects.filter(user=researcher).exists()
    assert not Membership.objects.filter(user=researcher).exists()
    assert not Session.objects.filter(user=researcher).exists()
    assert elsewhere.get("/settings/account/").status_code == 302


def test_the_row_stays_and_says_nothing(client_of: ClientOf, researcher: User) -> None:
    confirmed(client_of, researcher).post(DELETE)
    left = User.objects.get(pk=researcher.pk)
    assert left.username.startswith("deleted-")
    assert (left.first_name, left.last_name, left.email, left.time_zone) == ("", "", "", "")
    assert not left.is_active
    assert not left.has_usable_password()


def test_runs_stay_in_their_project_without_the_name(client_of: ClientOf, project: Project, researcher: User) -> None:
    run = make_run(RunState.FINISHED, project=project, created_by=researcher)
    confirmed(client_of, researcher).post(DELETE)
    run = Run.objects.get(pk=run.pk)
    assert run.created_by.display_name.startswith("deleted-")
    assert run.connection is None


def test_the_user_name_is_free_again_and_the_old_password_opens_nothing(client_of: ClientOf, researcher: User) -> None:
    confirmed(client_of, researcher).post(DELETE)
    client = Client()
    client.post("/accounts/sign-in/", {"username": "bob", "password": PASSWORD})
    assert "_auth_user_id" not in client.session
    make_user("bob")


def test_it_leaves_one_event_in_the_old_name(client_of: ClientOf, researcher: User) -> None:
    confirmed(client_of, researcher).post(DELETE)
    event = AuditEvent.objects.get(verb="account.deleted")
    assert (event.actor_name, event.target_name) == ("bob", "bob")


def test_the_last_owner_of_a_project_is_told_which(client_of: ClientOf, project: Project, owner: User) -> None:
    client = confirmed(client_of, owner)
    page = client.get(DELETE)
    assert "You are the only owner of PV yield." in page_text(page)
    assert f'href="/projects/{project.slug}/members/"' in page.content.decode()
    assert client.post(DELETE).status_code == 409
    owner.refresh_from_db()
    assert owner.is_active


def test_with_another_owner_one_may_go(client_of: ClientOf, project: Project, owner: User) -> None:
    join(project, Role.OWNER)
    assert confirmed(client_of, owner).post(DELETE).status_code == 302


def test_a_run_that_is_not_over_is_waited_for(client_of: ClientOf, project: Project, researcher: User) -> None:
    run = make_run(RunState.RUNNING, project=project, created_by=researcher, name="nightly")
    client = confirmed(client_of, researcher)
    page = client.get(DELETE)
    assert "Your run nightly in PV yield is still active." in page_text(page)
    assert str(run.uuid) in page.content.decode()
    assert client.post(DELETE).status_code == 409


def test_a_schedule_with_ones_own_connection_is_named_until_somebody_else_has_it(
    client_of: ClientOf, project: Project, owner: User, researcher: User
) -> None:
    schedule = make_schedule(
        project=project, created_by=researcher, connection=make_connection(owner=researcher), name="nightly"
    )
    client = confirmed(client_of, researcher)
    page = client.get(DELETE)
    assert "The schedule nightly in PV yield runs with one of your connections." in page_text(page)
    assert f"/schedules/{schedule.uuid}/" in page.content.decode()
    assert client.post(DELETE).status_code == 409
    theirs = make_connection(owner=owner)
    Schedule.objects.update(connection=theirs, last_edited_by=owner)
    assert client.post(DELETE).status_code == 302
    schedule.refresh_from_db()
    assert (schedule.is_enabled, schedule.connection) == (True, theirs)


def test_a_schedule_that_has_ended_is_no_obstacle(client_of: ClientOf, project: Project, researcher: User) -> None:
    theirs = make_connection(owner=researcher)
    make_schedule(project=project, created_by=researcher, connection=theirs, state=ScheduleState.ENDED)
    assert confirmed(client_of, researcher).post(DELETE).status_code == 302


def test_the_only_admin_of_a_group_with_others_is_told_which(
    client_of: ClientOf, researcher: User, owner: User
) -> None:
    group = groups.create_group(name="Photovoltaics", user=researcher)
    groups.add_person(group=group, user=owner, actor=researcher)
    assert "the only admin of the group Photovoltaics" in page_text(confirmed(client_of, researcher).get(DELETE))


def test_a_group_of_ones_own_goes_along(client_of: ClientOf, researcher: User) -> None:
    group = groups.create_group(name="Alone", user=researcher)
    confirmed(client_of, researcher).post(DELETE)
    assert not type(group).objects.filter(pk=group.pk).exists()


def test_twice_is_as_good_as_once(researcher: User) -> None:
    delete_account(user=researcher, now=timezone.now())
    name = User.objects.get(pk=researcher.pk).username
    delete_account(user=researcher, now=timezone.now())
    assert User.objects.get(pk=researcher.pk).username == name
