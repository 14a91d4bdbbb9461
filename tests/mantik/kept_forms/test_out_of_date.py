"""A form with an old token is shown again to who filled it in, sent by our own page, at a listed address. Else not."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from mantik.accounts.models import User
from mantik.kept_forms.owners import OWNER_FIELD, mark_of
from mantik.kept_forms.views import FRESH_TOKEN
from projects.models import Project
from tests.support.factories import PASSWORD, make_user
from tests.support.pages import page_text

pytestmark = pytest.mark.django_db

OURS = "http://testserver"
ADD = "/projects/add/"
TYPED = {"name": "Thin film", "slug": "thin-film", "summary": "a < b"}
OLD = "o" * 32


def member(user: User) -> Client:
    """A browser in which `user` has signed in after the page with the form was opened."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    client.cookies[settings.CSRF_COOKIE_NAME] = "n" * 32
    return client


def send(client: Client, path: str = ADD, *, by: User, origin: str | None = OURS, **more: Any) -> Any:
    headers = {} if origin is None else {"Origin": origin}
    headers |= more.pop("headers", {})
    data = {"csrfmiddlewaretoken": OLD, OWNER_FIELD: mark_of(by), "idempotency_key": "k"} | TYPED | more
    return client.post(path, data, headers=headers)


def fields_of(response: Any) -> dict[str, str]:
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', response.content.decode()))


def test_the_form_comes_back_and_is_sent_with_the_token_of_now(alice: User) -> None:
    client = member(alice)
    response = send(client, by=alice)
    assert response.status_code == 403
    assert "Your form was not sent yet" in page_text(response)
    fields = fields_of(response)
    assert (fields["name"], fields["summary"], fields["idempotency_key"]) == ("Thin film", "a &lt; b", "k")
    assert not Project.objects.exists()
    again = client.post(ADD, fields | {"summary": "a < b"}, headers={"Origin": OURS})
    assert again["Location"] == "/projects/thin-film/"
    assert Project.objects.get().summary == "a < b"


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", "http://testserver:8001", "https://testserver"]
)
def test_a_form_that_no_page_of_ours_has_sent_is_not_shown(alice: User, origin: str | None) -> None:
    is_refused(send(member(alice), by=alice, origin=origin))


def test_nor_that_of_somebody_else(alice: User) -> None:
    response = send(member(make_user("bob")), by=alice)
    is_refused(response)
    assert "the form was opened by another account" in page_text(response)


@pytest.mark.parametrize("mark", ["", "x", "0" * 32 + ":forged"])
def test_nor_one_that_says_nothing_or_lies_about_whose_it_is(alice: User, mark: str) -> None:
    is_refused(send(member(alice), by=alice, **{OWNER_FIELD: mark}))
    is_refused(send(Client(enforce_csrf_checks=True), by=alice, **{OWNER_FIELD: mark}))


@pytest.mark.parametrize("path", ["/accounts/again/", "/settings/account/theme/", "/accounts/sign-out/"])
def test_nor_one_at_an_address_that_is_not_listed(alice: User, path: str) -> None:
    is_refused(send(member(alice), path, by=alice))


def test_nor_a_file(alice: User) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    is_refused(send(member(alice), by=alice, file=SimpleUploadedFile("a.txt", b"a")))


def is_refused(response: Any) -> None:
    assert response.status_code == 403
    assert "This form is out of date" in page_text(response)
    assert "Thin film" not in response.content.decode()
    assert not Project.objects.exists()


def test_secrets_are_asked_for_again(alice: User) -> None:
    response = send(member(alice), "/settings/connections/add/", by=alice, kind="git-token", secret="hunter2-hunter2")
    assert "hunter2" not in response.content.decode()
    assert '<input type="password" name="secret"' in response.content.decode()


def test_a_page_that_stayed_open_is_told_the_token_if_it_is_hers(alice: User, project: Project) -> None:
    path = f"/projects/{project.slug}/runs/submissions/add/preview/"
    htmx = {"HX-Request": "true"}
    response = send(member(alice), path, by=alice, headers=htmx)
    assert (response.status_code, response.content) == (403, b"")
    assert response[FRESH_TOKEN]
    for answer in (
        send(member(make_user("bob")), path, by=alice, headers=htmx),
        send(member(alice), path, by=alice, origin="https://evil.example", headers=htmx),
        send(member(alice), path, by=alice, origin=None, headers=htmx),
        send(Client(enforce_csrf_checks=True), path, by=alice, headers=htmx),
        send(member(alice), "/settings/account/theme/", by=alice, headers=htmx),
    ):
        assert FRESH_TOKEN not in answer.headers


def test_the_form_of_signing_in_leads_on_who_has_signed_in_meanwhile(alice: User) -> None:
    data = {"csrfmiddlewaretoken": OLD, "username": "alice", "password": PASSWORD}
    url = "/accounts/sign-in/?next=/settings/tokens/"
    assert member(alice).post(url, data, headers={"Origin": OURS})["Location"] == "/settings/tokens/"
    evil = "/accounts/sign-in/?next=https://evil.example/"
    assert member(alice).post(evil, data, headers={"Origin": OURS})["Location"] == "/projects/"
    assert member(alice).post(url, data, headers={"Origin": "https://evil.example"}).status_code == 403
