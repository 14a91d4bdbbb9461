"""Who adds a token says again who they are, may restrict it to projects, and is told by mail."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import Client
from django.utils import timezone

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from mantik.tokens.models import PersonalAccessToken
from projects.models import Membership, Project
from projects.roles import Role
from tests.conftest import ClientOf
from tests.mantik.accounts.mail import delivered, subjects
from tests.support.factories import PASSWORD, join, make_project, make_second_factors
from tests.support.pages import confirm_identity, page_text

pytestmark = pytest.mark.django_db
LIST = "/settings/tokens/"
ADD = f"{LIST}add/"
AGAIN = "/accounts/again/?next=%2Fsettings%2Ftokens%2Fadd%2F"
SUBJECT = "A personal access token was added to your Mantik account"


def filled(**values: Any) -> dict[str, Any]:
    day = (timezone.localdate() + timedelta(days=7)).isoformat()
    return {"name": "notebook", "scope": "submit", "expires_on": day} | values


@pytest.fixture
def client(client_of: ClientOf, owner: User) -> Client:
    """The owner's, who has just said who they are."""
    signed_in = client_of(owner)
    confirm_identity(signed_in, owner)
    return signed_in


def token_in(page: Any) -> str:
    return str(re.findall(r"mantik_[0-9a-f]{10}_[\w-]{43}", page.content.decode())[0])


def whoami(token: str) -> Any:
    return Client().get("/api/whoami/", headers={"authorization": f"Bearer {token}"}).json()


# Who one is


def test_a_session_alone_adds_no_token(client_of: ClientOf, owner: User) -> None:
    client = client_of(owner)

    assert client.get(ADD)["Location"] == AGAIN
    assert client.post(ADD, filled())["Location"] == AGAIN
    assert client.post(AGAIN, {"password": "not hers"}).status_code == 422

    assert not PersonalAccessToken.objects.exists()


def test_with_the_password_what_was_sent_is_done(client_of: ClientOf, owner: User) -> None:
    client = client_of(owner)
    client.post(ADD, filled())

    made = client.post(AGAIN, {"password": PASSWORD})

    assert made.status_code == 201
    assert whoami(token_in(made))["scope"] == "submit"
    assert client.get(ADD).status_code == 200


def test_an_account_with_a_second_factor_and_no_password_is_asked_for_that(client_of: ClientOf, owner: User) -> None:
    make_second_factors(owner)
    Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).delete()
    owner.set_unusable_password()
    owner.save()

    assert client_of(owner).get(ADD)["Location"].startswith("/accounts/again/code/?next=")


def test_who_was_asked_long_ago_is_asked_again(client: Client) -> None:
    assert client.get(ADD).status_code == 200
    session = client.session
    session["account_authentication_methods"][0]["at"] -= 3600
    session.save()

    assert client.get(ADD)["Location"] == AGAIN


# The mail


def test_its_owner_is_told_by_mail(client: Client, project: Project) -> None:
    made = client.post(ADD, filled(projects=[str(project.uuid)]), headers={"user-agent": "Firefox"})

    assert subjects() == [SUBJECT]
    text = str(delivered()[0].body)
    for words in ("Name: notebook", "Scope: Submit", "Projects: PV yield (pv-yield)", "From: 127.0.0.1, Firefox"):
        assert words in text
    row = PersonalAccessToken.objects.get()
    assert f"Valid until: {timezone.localtime(row.expires_at):%-d %B %Y, 00:00}" in text
    assert f"If this was not you, revoke it at once: {settings.MANTIK_BASE_URL}/settings/tokens/" in text
    assert token_in(made) not in text
    assert row.prefix not in text


def test_a_form_that_is_wrong_sends_no_mail(client: Client) -> None:
    client.post(ADD, filled(expires_on="soon"))

    assert not delivered()


# Projects


def test_without_a_choice_it_is_for_all_projects_also_later_ones(client: Client, owner: User) -> None:
    token = token_in(client.post(ADD, filled()))
    join(make_project(slug="later"), Role.GUEST, owner)

    assert whoami(token)["projects"] == ["later", "pv-yield"]
    assert "Projects: all in which you have a role" in str(delivered()[0].body)
    assert "All your projects" in page_text(client.get(LIST))


def test_it_may_be_restricted_to_projects(client: Client, owner: User, project: Project) -> None:
    join(make_project(name="Wind", slug="wind"), Role.GUEST, owner)
    made = client.post(ADD, filled(projects=[str(project.uuid)]))

    assert "Projects PV yield" in page_text(made)
    assert whoami(token_in(made))["projects"] == ["pv-yield"]
    listed = page_text(client.get(LIST))
    assert "Submit PV yield" in listed
    assert "Wind" not in listed.partition("Personal access tokens, newest first")[2]
    assert AuditEvent.objects.get(verb="token.created").after["projects"] == ["pv-yield"]


def test_a_project_that_is_left_or_deleted_does_not_open_the_others(
    client: Client, owner: User, project: Project
) -> None:
    join(make_project(slug="wind"), Role.OWNER, owner)
    token = token_in(client.post(ADD, filled(projects=[str(project.uuid)])))

    Membership.objects.filter(project=project, user=owner).delete()
    assert whoami(token)["projects"] == []
    assert "None of your projects" in page_text(client.get(LIST))
    project.delete()
    assert whoami(token)["projects"] == []


@pytest.mark.parametrize("chosen", ["theirs", "deleted", "nonsense"])
def test_a_project_of_others_cannot_be_chosen(client: Client, public_project: Project, chosen: str) -> None:
    gone = "33333333-3333-4333-8333-333333333333"
    uuid = {"theirs": str(public_project.uuid), "deleted": gone, "nonsense": "all"}[chosen]

    answer = client.post(ADD, filled(projects=[uuid]))

    assert answer.status_code == 422
    assert "You have no role in one of these projects any more. Choose again." in page_text(answer)
    assert public_project.name not in page_text(answer)


def test_who_is_in_no_project_any_more_gets_no_wider_token_than_they_chose(
    client: Client, owner: User, project: Project
) -> None:
    Membership.objects.filter(user=owner).delete()

    assert "Only in these projects" not in page_text(client.get(ADD))
    assert client.post(ADD, filled(projects=[str(project.uuid)])).status_code == 422
    assert client.post(ADD, filled()).status_code == 201
