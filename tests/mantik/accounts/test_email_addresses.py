"""Changing one's address, and signing in with it."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from mantik.accounts.models import User
from mantik.audit.models import AuditEvent
from tests.conftest import ClientOf
from tests.mantik.accounts.mail import delivered, link_in_last_mail, subjects
from tests.support.factories import PASSWORD, make_user
from tests.support.pages import confirm_identity, page_text

pytestmark = pytest.mark.django_db

ADDRESS = "/settings/account/email/"
NEW = {"email": "new@example.org", "action_add": "1"}


@pytest.fixture
def hers(client_of: ClientOf, alice: User) -> Client:
    client = client_of(alice)
    confirm_identity(client, alice)
    return client


def test_who_is_made_by_an_operator_has_a_confirmed_address(alice: User) -> None:
    assert EmailAddress.objects.get(user=alice).verified


def test_an_address_signs_in_like_the_user_name(client: Client, alice: User) -> None:
    response = client.post("/accounts/sign-in/", {"username": "Alice@example.org", "password": PASSWORD})
    assert response["Location"] == "/projects/"


def test_an_account_without_any_address_signs_in(client: Client) -> None:
    User.objects.create_user("otto", "", PASSWORD)
    client.post("/accounts/sign-in/", {"username": "otto", "password": PASSWORD})
    assert "_auth_user_id" in client.session


def test_a_new_address_counts_once_its_link_is_opened(hers: Client, alice: User) -> None:
    assert hers.post(ADDRESS, NEW)["Location"] == ADDRESS
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"
    hers.post(link_in_last_mail())
    alice.refresh_from_db()
    assert alice.email == "new@example.org"
    assert list(EmailAddress.objects.values_list("email", "verified")) == [("new@example.org", True)]
    event = AuditEvent.objects.get(verb="account.email_changed")
    assert (event.before, event.after) == ({"email": "alice@example.org"}, {"email": "new@example.org"})
    changed = "The e-mail address of your Mantik account was changed"
    (told,) = (message for message in delivered() if message.subject == changed)
    # The old address is no longer good for a new password.
    assert told.to == ["alice@example.org"]
    assert "If this was not you, tell an operator at once" in str(told.body)
    assert "/password/reset/" not in str(told.body)


def test_changing_it_asks_first_who_one_is(client_of: ClientOf, alice: User) -> None:
    asked = client_of(alice).post(ADDRESS, NEW)
    assert asked["Location"].startswith("/accounts/again/")
    assert subjects() == []


def test_after_the_password_the_change_goes_on_where_it_was(client_of: ClientOf, alice: User) -> None:
    client = client_of(alice)
    asked = client.post(ADDRESS, NEW)
    client.post(asked["Location"], {"password": PASSWORD, "next": ADDRESS})
    assert EmailAddress.objects.filter(email="new@example.org", verified=False).exists()


def test_a_change_can_be_taken_back(hers: Client, alice: User) -> None:
    hers.post(ADDRESS, NEW)
    hers.post(ADDRESS, {"email": "new@example.org", "action_remove": "1"})
    assert list(EmailAddress.objects.values_list("email", flat=True)) == ["alice@example.org"]


def test_an_address_of_somebody_else_looks_like_any_other(hers: Client, alice: User) -> None:
    make_user("bob")
    response = hers.post(ADDRESS, NEW | {"email": "bob@example.org"}, follow=True)
    assert "bob@example.org" in page_text(response)
    hers.post(link_in_last_mail())
    assert EmailAddress.objects.get(email="bob@example.org", verified=True).user.username == "bob"


def test_no_address_is_not_an_address(hers: Client) -> None:
    response = hers.post(ADDRESS, NEW | {"email": "nonsense"})
    assert response.status_code == 422
    assert 'value="nonsense"' in response.content.decode()
