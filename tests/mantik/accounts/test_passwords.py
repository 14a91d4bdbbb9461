"""Forgetting, resetting and changing passwords."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from mantik.accounts.models import Session, User
from mantik.audit.models import AuditEvent
from mantik.tokens.models import PersonalAccessToken, Scope
from mantik.tokens.services import authenticate, make_token
from tests.conftest import ClientOf
from tests.mantik.accounts.mail import delivered, link_in_last_mail, subjects
from tests.support.factories import PASSWORD
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db

FORGOTTEN = "/accounts/password/"
CHANGE = "/settings/account/password/"
NEW = {"password1": "quite another phrase", "password2": "quite another phrase"}


def verbs() -> set[str]:
    return set(AuditEvent.objects.values_list("verb", flat=True))


def test_a_link_from_the_mail_sets_a_new_password_once(client: Client, alice: User) -> None:
    client.post(FORGOTTEN, {"email": alice.email})
    link = link_in_last_mail()
    form = client.get(link, follow=True)
    done = client.post(form.redirect_chain[-1][0], NEW)
    assert done["Location"] == "/accounts/password/done/"
    alice.refresh_from_db()
    assert alice.check_password(NEW["password1"])
    assert "account.password_reset" in verbs()
    again = Client().get(link, follow=True)
    assert "This link is no longer valid" in page_text(again)


def test_the_key_of_the_link_is_not_left_in_the_address(client: Client, alice: User) -> None:
    client.post(FORGOTTEN, {"email": alice.email})
    link = link_in_last_mail()
    assert client.get(link)["Location"].endswith("-set-password/")


def test_an_address_nobody_has_gets_the_same_answer_and_another_mail(client: Client, alice: User) -> None:
    known = client.post(FORGOTTEN, {"email": alice.email})
    unknown = client.post(FORGOTTEN, {"email": "nobody@example.org"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert subjects() == ["Set a new password for Mantik", "No Mantik account with this address"]


def test_a_new_password_ends_every_session(client: Client, client_of: ClientOf, alice: User) -> None:
    elsewhere = client_of(alice)
    client.post(FORGOTTEN, {"email": alice.email})
    form = client.get(link_in_last_mail(), follow=True)
    client.post(form.redirect_chain[-1][0], NEW)
    assert elsewhere.get("/settings/account/")["Location"].startswith("/accounts/sign-in/")
    assert not Session.objects.of(alice).exists()


def test_changing_it_asks_for_the_present_one(client_of: ClientOf, alice: User) -> None:
    response = client_of(alice).post(CHANGE, NEW | {"oldpassword": "not this one"})
    assert response.status_code == 422
    assert "This is not your current password." in page_text(response)


def test_changing_it_keeps_this_session_and_ends_the_others(client_of: ClientOf, alice: User) -> None:
    here, elsewhere = client_of(alice), client_of(alice)
    assert here.post(CHANGE, NEW | {"oldpassword": PASSWORD})["Location"] == "/settings/account/"
    assert here.get("/settings/account/").status_code == 200
    assert elsewhere.get("/settings/account/").status_code == 302
    assert Session.objects.of(alice).count() == 1
    assert {"account.password_changed", "account.sessions_ended"} <= verbs()
    assert subjects() == ["Your Mantik password was changed"]
    assert "If this was not you" in str(delivered()[0].body)


@pytest.fixture
def token(alice: User) -> str:
    now = timezone.now()
    made = make_token(user=alice, name="ci", scope=Scope.READ, expires_at=now + timedelta(days=1), now=now)
    return made[1]


def opens(token: str) -> bool:
    return authenticate(token, now=timezone.now()) is not None


def test_a_reset_ends_tokens_unless_they_are_kept(client: Client, alice: User, token: str) -> None:
    client.post(FORGOTTEN, {"email": alice.email})
    form = client.get(link_in_last_mail(), follow=True)
    assert form.context["form"].fields["end_tokens"].initial
    assert "Revoke my personal access tokens, too 1 token is valid." in page_text(form)

    client.post(form.redirect_chain[-1][0], NEW | {"end_tokens": "on"})

    assert not opens(token)
    assert AuditEvent.objects.get(verb="token.revoked").actor == alice


def test_a_reset_keeps_tokens_of_who_says_so(client: Client, alice: User, token: str) -> None:
    client.post(FORGOTTEN, {"email": alice.email})
    form = client.get(link_in_last_mail(), follow=True)
    client.post(form.redirect_chain[-1][0], NEW)
    assert opens(token)


@pytest.mark.parametrize("ends", [True, False])
def test_a_change_ends_tokens_if_that_is_chosen(client_of: ClientOf, alice: User, token: str, ends: bool) -> None:
    client = client_of(alice)
    assert not client.get(CHANGE).context["form"].fields["end_tokens"].initial

    client.post(CHANGE, NEW | {"oldpassword": PASSWORD} | ({"end_tokens": "on"} if ends else {}))

    assert opens(token) is not ends


def test_a_form_that_is_wrong_ends_no_token(client_of: ClientOf, alice: User, token: str) -> None:
    client_of(alice).post(CHANGE, NEW | {"oldpassword": "not this one", "end_tokens": "on"})
    assert opens(token)


def test_who_has_no_valid_token_is_asked_nothing_about_them(client_of: ClientOf, alice: User, token: str) -> None:
    PersonalAccessToken.objects.update(expires_at=timezone.now())
    assert "personal access tokens" not in page_text(client_of(alice).get(CHANGE))


def test_no_password_comes_back_in_a_page(client_of: ClientOf, alice: User) -> None:
    wrong = NEW | {"oldpassword": PASSWORD, "password2": "a slip of the finger"}
    content = client_of(alice).post(CHANGE, wrong).content.decode()
    assert not any(value in content for value in wrong.values())
