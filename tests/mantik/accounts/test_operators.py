"""What operators do with accounts in the admin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.test import Client
from django.utils import timezone

from mantik.accounts.models import Session, User
from mantik.accounts.services import make_anonymous, set_active
from mantik.audit.models import AuditEvent
from mantik.tokens.models import Scope
from mantik.tokens.services import authenticate, make_token
from tests.conftest import ClientOf
from tests.support.factories import make_second_factors, make_user
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db

USERS = "/admin/accounts/user/"


def token_of(user: User) -> str:
    now = timezone.now()
    return make_token(user=user, name="ci", scope=Scope.READ, expires_at=now + timedelta(days=1), now=now)[1]


@pytest.fixture
def client(client_of: ClientOf, operator: User) -> Client:
    return client_of(operator)


def change(client: Client, user: User, **values: Any) -> None:
    page = f"{USERS}{user.pk}/change/"
    form = client.get(page).context["adminform"].form
    filled = {name: value for name, value in form.initial.items() if value not in (None, False)}
    filled |= {"date_joined_0": "2026-01-01", "date_joined_1": "10:00:00"} | values
    response = client.post(page, filled)
    assert response.status_code == 302, response.context["adminform"].form.errors


def act(client: Client, action: str, user: User) -> str:
    return page_text(client.post(USERS, {"action": action, "_selected_action": user.pk}, follow=True))


def test_an_account_is_made_and_leaves_an_event(client: Client) -> None:
    password = {"password1": "several long words", "password2": "several long words", "usable_password": "true"}
    client.post(f"{USERS}add/", {"username": "carol", **password})
    assert User.objects.filter(username="carol").exists()
    assert AuditEvent.objects.get(verb="account.added").actor_name == "otto"


def test_an_address_that_an_operator_enters_is_confirmed(client: Client, alice: User) -> None:
    change(client, alice, email="new@example.org")
    assert list(EmailAddress.objects.filter(user=alice).values_list("email", "verified", "primary")) == [
        ("new@example.org", True, True)
    ]
    event = AuditEvent.objects.get(verb="account.edited")
    assert (event.before["email"], event.after["email"]) == ("alice@example.org", "new@example.org")


def test_an_address_that_somebody_else_has_confirmed_stays_theirs(client: Client, alice: User) -> None:
    bob = make_user("bob")
    change(client, alice, email="bob@example.org")
    assert EmailAddress.objects.get(email="bob@example.org", verified=True).user == bob


def test_second_factors_are_reset_and_sessions_end(client: Client, client_of: ClientOf, alice: User) -> None:
    make_second_factors(alice)
    client_of(alice)
    assert "The second factors and sessions of 1 account were removed." in act(client, "reset_second_factors", alice)
    assert not Authenticator.objects.filter(user=alice).exists()
    assert not Session.objects.of(alice).exists()
    assert AuditEvent.objects.get(verb="account.second_factors_reset").actor_name == "otto"


def test_sessions_are_ended(client: Client, client_of: ClientOf, alice: User) -> None:
    client_of(alice)
    assert "1 session ended." in act(client, "end_sessions", alice)
    assert not Session.objects.of(alice).exists()


def test_a_password_set_by_an_operator_ends_sessions_and_leaves_an_event(
    client: Client, client_of: ClientOf, alice: User
) -> None:
    client_of(alice)
    new = {"password1": "several long words", "password2": "several long words", "usable_password": "true"}
    assert client.post(f"{USERS}{alice.pk}/password/", new).status_code == 302
    assert not Session.objects.of(alice).exists()
    assert AuditEvent.objects.get(verb="account.password_changed").actor_name == "otto"


def test_operators_are_told_of_tokens_that_outlive_a_password_and_revoke_them(client: Client, alice: User) -> None:
    make_second_factors(alice)
    token = token_of(alice)
    new = {"password1": "several long words", "password2": "several long words", "usable_password": "true"}
    still = "1 personal access token is still valid."

    assert still in page_text(client.post(f"{USERS}{alice.pk}/password/", new, follow=True))
    assert still in act(client, "reset_second_factors", alice)
    assert "1 personal access token revoked." in act(client, "revoke_tokens", alice)

    assert authenticate(token, now=timezone.now()) is None
    assert AuditEvent.objects.get(verb="token.revoked").actor_name == "otto"


def test_an_account_that_is_switched_off_has_no_tokens_that_work(client: Client, alice: User) -> None:
    token = token_of(alice)
    client.get("/")
    change(client, alice, is_active="")
    assert authenticate(token, now=timezone.now()) is None


def test_a_deleted_account_is_not_brought_back_by_a_tick(client: Client, alice: User) -> None:
    make_anonymous(user=alice, now=timezone.now())
    set_active(user=alice, is_active=True, actor=User.objects.get(username="otto"))
    alice.refresh_from_db()
    assert not alice.is_active


def test_what_is_somebodys_own_is_not_changed_in_the_admin() -> None:
    assert not {model._meta.app_label for model in admin.site._registry} & {"account", "mfa", "socialaccount"}
