"""Making an account: who may, and what has to be confirmed first."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from pytest_django.fixtures import Settings

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from projects.models import Project
from projects.roles import Role
from tests.mantik.accounts.mail import delivered, link_in_last_mail, subjects
from tests.support.factories import join, make_invitation, make_user
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db

SIGN_UP = "/accounts/sign-up/"
SIGN_IN = "/accounts/sign-in/"
FORM = {"username": "ada", "email": "ada@example.org", "password1": "several long words"}


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def sign_in(client: Client) -> None:
    client.post(SIGN_IN, {"username": "ada", "password": FORM["password1"]})


def test_who_signs_up_is_let_in_once_the_address_is_confirmed(client: Client) -> None:
    response = client.post(SIGN_UP, FORM)
    assert (response.status_code, response["Location"]) == (302, "/accounts/confirm/")
    assert not is_signed_in(client)
    link = link_in_last_mail()
    assert "Is ada@example.org the address of ada" in page_text(client.get(link))
    assert client.post(link)["Location"] == SIGN_IN
    sign_in(client)
    assert is_signed_in(client)


def test_who_was_invited_lands_on_the_invitation(client: Client, project: Project) -> None:
    make_invitation(project=project, email="ada@example.org")
    client.post(SIGN_UP, FORM)
    client.post(link_in_last_mail())
    right = {"username": "ada", "password": FORM["password1"]}
    assert client.post(SIGN_IN, right)["Location"] == "/settings/invitations/"
    assert f"{project.name}" in page_text(client.get("/settings/invitations/"))
    client.post("/accounts/sign-out/")
    # Who asked for a page gets that, and who is in a project knows where the invitations are.
    assert client.post(f"{SIGN_IN}?next=/docs/", right)["Location"] == "/docs/"
    client.post("/accounts/sign-out/")
    join(project, Role.REPORTER, user=User.objects.get(username="ada"))
    assert client.post(SIGN_IN, right)["Location"] == "/projects/"


def test_that_the_link_was_sent_is_said_once(client: Client) -> None:
    said = page_text(client.post(SIGN_UP, FORM, follow=True))
    assert said.count("We sent a link to") == said.count("Open it and press Confirm.") == 1
    later = page_text(client.get("/accounts/confirm/"))
    assert later.count("We sent a link to") == 1


def test_looking_at_the_link_confirms_nothing(client: Client) -> None:
    """Mail programs look at links before people do."""
    client.post(SIGN_UP, FORM)
    client.get(link_in_last_mail())
    assert not EmailAddress.objects.get(email="ada@example.org").verified


def test_a_link_that_is_no_longer_valid_says_how_to_get_another(client: Client) -> None:
    text = page_text(client.get("/accounts/confirm/nothing/"))
    assert "If you have just signed up, sign in: we send you a new link." in text
    assert "press “Send it again” under Settings > Account > E-mail address" in text


def test_an_account_without_a_confirmed_address_is_not_let_in_and_is_sent_the_link(client: Client) -> None:
    client.post(SIGN_UP, FORM)
    response = client.post(SIGN_IN, {"username": "ada", "password": FORM["password1"]})
    assert response["Location"] == "/accounts/confirm/"
    assert not is_signed_in(client)


def test_an_address_that_has_an_account_looks_like_any_other(client: Client) -> None:
    """Only the mail, which goes to whose address it is, tells them apart."""
    make_user("alice")
    response = client.post(SIGN_UP, FORM | {"email": "alice@example.org"})
    assert (response.status_code, response["Location"]) == (302, "/accounts/confirm/")
    assert subjects() == ["You already have a Mantik account"]
    assert not User.objects.filter(username="ada").exists()


def test_what_was_typed_comes_back_but_for_the_password(client: Client) -> None:
    make_user("ada")
    response = client.post(SIGN_UP, FORM | {"email": "new@example.org"})
    assert response.status_code == 422
    assert "This user name is taken." in page_text(response)
    content = response.content.decode()
    assert 'value="new@example.org"' in content
    assert FORM["password1"] not in content


@pytest.mark.parametrize("password", ["short", "password123", "ada@example"])
def test_a_password_that_is_easy_to_guess_is_refused(client: Client, password: str) -> None:
    assert client.post(SIGN_UP, FORM | {"password1": password}).status_code == 422
    assert not User.objects.exists()


def test_nobody_calls_themselves_a_deleted_account(client: Client) -> None:
    assert client.post(SIGN_UP, FORM | {"username": "deleted-abc"}).status_code == 422


def test_a_user_name_does_not_look_like_an_address(client: Client) -> None:
    """Whoever is added or invited by user name or address would not be found."""
    answer = client.post(SIGN_UP, FORM | {"username": "ada@lab"})
    assert answer.status_code == 422
    assert "A user name with an @ could be taken for an e-mail address. Choose another one." in page_text(answer)


def test_signing_up_leaves_an_event(client: Client) -> None:
    client.post(SIGN_UP, FORM)
    event = AuditEvent.objects.get(verb="account.signed_up")
    assert (event.actor_name, event.target_name, event.after) == ("ada", "ada", {"with": "password"})


def test_where_sign_up_is_closed_nobody_gets_in(client: Client, settings: Settings) -> None:
    settings.MANTIK_SIGN_UP = "closed"
    text = page_text(client.get(SIGN_UP))
    assert "You cannot sign up here" in text
    assert "Only the operators, who run this installation, can add accounts. Ask them for one." in text
    client.post(SIGN_UP, FORM)
    assert not User.objects.exists()
    assert delivered() == []
    assert SIGN_UP not in client.get(SIGN_IN).content.decode()


def test_by_invitation_who_is_not_invited_gets_a_sentence(client: Client, settings: Settings) -> None:
    settings.MANTIK_SIGN_UP = "invited"
    response = client.post(SIGN_UP, FORM)
    assert response.status_code == 422
    assert "There is no invitation for this address." in page_text(response)
    assert not User.objects.exists()


def test_by_invitation_who_is_invited_makes_an_account(client: Client, settings: Settings, project: Project) -> None:
    settings.MANTIK_SIGN_UP = "invited"
    make_invitation(project=project, user=None, email="ada@example.org")
    client.post(SIGN_UP, FORM)
    assert User.objects.filter(username="ada").exists()


def test_whether_an_account_exists_is_not_told_to_who_is_not_invited(client: Client, settings: Settings) -> None:
    settings.MANTIK_SIGN_UP = "invited"
    make_user("alice")
    taken = client.post(SIGN_UP, FORM | {"email": "alice@example.org"})
    free = client.post(SIGN_UP, FORM | {"email": "nobody@example.org"})
    assert (taken.status_code, page_text(taken)) == (free.status_code, page_text(free))
