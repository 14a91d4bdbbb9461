from __future__ import annotations

import pytest
from django.test import Client

from mantik.accounts.models import User
from projects.models import Project
from tests.support.factories import PASSWORD, make_user
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/sign-in/"


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_the_right_password_leads_to_the_projects(client: Client, alice: User) -> None:
    response = client.post(SIGN_IN, {"username": "alice", "password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/projects/")
    assert is_signed_in(client)


def test_one_comes_back_to_where_one_wanted_to_go(client: Client, alice: User) -> None:
    asked = client.get("/settings/connections/")
    assert asked["Location"] == f"{SIGN_IN}?next=/settings/connections/"
    assert 'name="next" value="/settings/connections/"' in client.get(asked["Location"]).content.decode()
    form = {"username": "alice", "password": PASSWORD, "next": "/settings/connections/"}
    assert client.post(asked["Location"], form)["Location"] == "/settings/connections/"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_nobody_is_led_to_another_site(client: Client, alice: User, elsewhere: str) -> None:
    form = {"username": "alice", "password": PASSWORD, "next": elsewhere}
    assert client.post(SIGN_IN, form)["Location"] == "/projects/"


@pytest.mark.parametrize(
    "changes", [{"password": "hunter2hunter2"}, {"username": "nobody"}, {"username": "former"}], ids=str
)
def test_what_is_wrong_with_a_login_is_not_given_away(client: Client, alice: User, changes: dict[str, str]) -> None:
    """The same sentence for a wrong password, a name nobody has, and an account that was switched off."""
    make_user("former", is_active=False)
    response = client.post(SIGN_IN, {"username": "alice", "password": PASSWORD} | changes)
    assert response.status_code == 422
    assert "The user name or the password is wrong." in page_text(response)
    assert not is_signed_in(client)


def test_a_wrong_login_keeps_the_name_and_never_the_password(client: Client, alice: User) -> None:
    response = client.post(SIGN_IN, {"username": "alice", "password": "hunter2hunter2"})
    assert 'value="alice"' in response.content.decode()
    assert "hunter2" not in response.content.decode()


def test_an_empty_form_says_what_is_missing(client: Client) -> None:
    response = client.post(SIGN_IN, {})
    assert response.status_code == 422
    assert page_text(response).count("This field is required.") == 2


def test_who_is_signed_in_already_goes_on(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get(SIGN_IN)["Location"] == "/projects/"


def test_signing_out_is_never_a_mere_visit(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get("/accounts/sign-out/").status_code == 405
    assert client.post("/accounts/sign-out/")["Location"] == SIGN_IN
    assert not is_signed_in(client)


def test_an_account_that_is_switched_off_is_signed_out(client: Client, alice: User, project: Project) -> None:
    client.force_login(alice)
    User.objects.update(is_active=False)
    assert client.get("/settings/connections/")["Location"].startswith(SIGN_IN)


def test_a_form_from_another_site_is_refused(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.post(SIGN_IN, {"username": "alice", "password": PASSWORD})
    assert response.status_code == 403
    assert not is_signed_in(client)


@pytest.mark.parametrize("path", [SIGN_IN, "/settings/account/"])
@pytest.mark.parametrize("is_member", [False, True])
def test_a_form_without_a_valid_token_says_what_to_do(alice: User, path: str, is_member: bool) -> None:
    client = Client(enforce_csrf_checks=True)
    if is_member:
        client.force_login(alice)
    response = client.post(path)
    assert response.status_code == 403
    text = page_text(response)
    assert "This form is out of date" in text
    assert "Go back, copy what you typed, reload the page and send the form again." in text
