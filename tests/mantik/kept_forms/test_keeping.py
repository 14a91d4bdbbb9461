"""A form that is sent without a session is kept until who filled it in has signed in again."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from mantik.accounts.models import User
from mantik.kept_forms.keeping import KEPT_FOR
from mantik.kept_forms.owners import OWNER_FIELD, mark_of
from projects.models import Project
from tests.mantik.kept_forms.test_out_of_date import fields_of
from tests.support.factories import PASSWORD, make_user
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db

KEPT = "/accounts/kept-form/"
SIGN_IN = "/accounts/sign-in/"
TYPED = {"name": "Thin film", "slug": "thin-film", "summary": "one\r\ntwo", "labels": ["a", "b"]}


@pytest.fixture
def browser(alice: User) -> Client:
    """Alice's, after her session has ended."""
    client = Client()
    client.cookies["mantik-csrf"] = "c" * 32
    return client


def send(client: Client, path: str, *, by: User | None, **more: Any) -> Any:
    mark = {OWNER_FIELD: mark_of(by)} if by else {}
    data = {"csrfmiddlewaretoken": "c" * 32, "idempotency_key": "k", **mark, **TYPED, **more}
    return client.post(path, data)


def sign_in(client: Client, name: str, path: str) -> Any:
    return client.post(path, {"username": name, "password": PASSWORD})


def test_what_was_typed_is_there_after_signing_in_and_makes_what_was_asked_for(browser: Client, alice: User) -> None:
    led = send(browser, "/projects/add/?from=x", by=alice)
    assert led["Location"] == f"{SIGN_IN}?next={KEPT}"
    assert sign_in(browser, "alice", led["Location"])["Location"] == KEPT
    page = browser.get(KEPT)
    assert page.status_code == 200
    assert page["Cache-Control"].count("no-store")
    assert 'action="/projects/add/?from=x"' in page.content.decode()
    fields = fields_of(page)
    assert (fields["name"], fields["idempotency_key"]) == ("Thin film", "k")
    # It is still there when the page is loaded again, until it was sent.
    assert browser.get(KEPT).status_code == 200
    assert browser.post("/projects/add/?from=x", fields)["Location"] == "/projects/thin-film/"
    assert browser.get(KEPT)["Location"] == "/projects/"


def test_a_form_with_a_mistake_is_kept_until_it_is_right(browser: Client, alice: User) -> None:
    led = send(browser, "/projects/add/", by=alice, name="")
    sign_in(browser, "alice", led["Location"])
    assert browser.post("/projects/add/", {"name": ""}).status_code == 422
    assert browser.get(KEPT).status_code == 200


def test_it_is_not_shown_to_somebody_else(browser: Client, alice: User) -> None:
    make_user("bob")
    led = send(browser, "/projects/add/", by=alice)
    sign_in(browser, "bob", led["Location"])
    page = browser.get(KEPT)
    assert page.status_code == 403
    assert "Somebody else filled in that form" in page_text(page)
    assert "Thin film" not in page.content.decode()
    assert browser.get(KEPT)["Location"] == "/projects/"


def test_secrets_are_kept_nowhere(browser: Client, alice: User) -> None:
    path = "/settings/connections/add/"
    led = send(browser, path, by=alice, kind="git-token", secret="-----BEGIN\r\nhunter2\r\n-----END")
    assert "hunter2" not in str(dict(browser.session.items()))
    sign_in(browser, "alice", led["Location"])
    assert '<textarea name="secret"' in browser.get(KEPT).content.decode()


@pytest.mark.parametrize("path", ["/projects/add/", "/settings/account/theme/"])
def test_what_no_member_has_filled_in_is_not_kept(browser: Client, alice: User, path: str) -> None:
    """Strangers cannot fill the table of sessions."""
    by = None if path == "/projects/add/" else alice
    assert send(browser, path, by=by)["Location"] == f"{SIGN_IN}?next={path}"
    assert "kept_form" not in browser.session


def test_who_has_an_account_cannot_fill_the_table_of_sessions(alice: User) -> None:
    """Each without a session, with a mark that is theirs for ever."""
    for _ in range(KEPT_FOR.most):
        assert send(Client(), "/projects/add/", by=alice)["Location"] == f"{SIGN_IN}?next={KEPT}"
    late = Client()
    assert send(late, "/projects/add/", by=alice)["Location"] == f"{SIGN_IN}?next=/projects/add/"
    assert "kept_form" not in late.session
    assert f"The form was not kept, for {KEPT_FOR.most} of yours were" in page_text(late.get(SIGN_IN))
    # Nobody else has to do without.
    assert send(Client(), "/projects/add/", by=make_user("bob"))["Location"] == f"{SIGN_IN}?next={KEPT}"


def test_a_forgery_is_not_kept(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["mantik-csrf"] = "d" * 32
    assert send(client, "/projects/add/", by=alice).status_code == 403
    assert "kept_form" not in client.session


def test_a_button_without_a_page_of_its_own_is_kept_too(browser: Client, alice: User, project: Project) -> None:
    """Before, signing in led to a page that does not exist."""
    led = send(browser, "/settings/notices/read/", by=alice, up_to="3")
    sign_in(browser, "alice", led["Location"])
    page = browser.get(KEPT)
    assert 'action="/settings/notices/read/"' in page.content.decode()
    assert browser.post("/settings/notices/read/", fields_of(page))["Location"] == "/settings/notices/"


def test_who_is_signed_in_and_has_nothing_kept_goes_on(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get(KEPT)["Location"] == "/projects/"
