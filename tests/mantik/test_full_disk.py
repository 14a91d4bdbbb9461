"""What people are told when there is little room, or none."""

from __future__ import annotations

from html import unescape

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from mantik.accounts.models import User
from mantik.lib import disk
from projects.models import Project
from tests.conftest import ClientOf
from tests.support.full_database import full_database

pytestmark = pytest.mark.django_db

LITTLE = "The disk of the "
FULL = "There is no disk space left for the database. Nothing was stored."
# Longer than what is left in any page of the database.
LONG = "Measured twice. " * 600


@pytest.fixture
def member(client_of: ClientOf, researcher: User) -> Client:
    return client_of(researcher)


@pytest.fixture
def machines_operator(client_of: ClientOf, operator: User) -> Client:
    return client_of(operator)


@pytest.fixture
def little(settings: Settings) -> None:
    """No disk has more room than it has."""
    settings.MANTIK_DISK_MIN_PERCENT = 100


@pytest.mark.usefixtures("little")
def test_operators_see_on_every_page_that_there_is_little_room(
    machines_operator: Client, member: Client, project: Project
) -> None:
    for path in ("/projects/", "/settings/account/", "/docs/operators/", "/admin/", "/admin/runs/run/"):
        page = unescape(machines_operator.get(path).content.decode())
        assert LITTLE in page, path
        assert "is nearly full: " in page
        assert "/docs/operators/#a-disk-that-is-full" in page
    assert LITTLE not in unescape(member.get("/projects/").content.decode())
    assert LITTLE not in unescape(member.get(f"/projects/{project.slug}/").content.decode())
    assert LITTLE not in unescape(Client().get("/accounts/sign-in/").content.decode())


def test_operators_see_nothing_while_there_is_room(machines_operator: Client) -> None:
    assert LITTLE not in machines_operator.get("/projects/").content.decode()
    assert LITTLE not in machines_operator.get("/admin/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_form_that_finds_no_room_is_answered_with_a_sentence(
    machines_operator: Client, client_of: ClientOf, maintainer: User, project: Project
) -> None:
    member = client_of(maintainer)
    member.raise_request_exception = False
    fields = {"name": project.name, "description": LONG}
    url = reverse("projects:settings", args=[project.slug])
    with full_database("projects_project"):
        answer = member.post(url, fields)
        assert answer.status_code == 503
        assert answer["Retry-After"] == "60"
        assert FULL in unescape(answer.content.decode())
        assert "What you entered is still in the form" in answer.content.decode()
        # Where nobody can ask how much room there is, the error is remembered.
        assert "The database had no disk space left at " in machines_operator.get("/projects/").content.decode()
    project.refresh_from_db()
    assert project.description == ""
    assert member.post(url, fields).status_code == 302


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that reads and yet finds no room: a table that is sorted on the disk, say."""

    def none_left(*_: object, **__: object) -> None:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr("mantik.pages.ProjectFilter", none_left)


@pytest.mark.usefixtures("broken")
def test_a_page_and_a_program_are_told_so_too(member: Client) -> None:
    member.raise_request_exception = False
    page = member.get("/projects/")
    assert page.status_code == 503
    assert FULL in unescape(page.content.decode())
    assert "What you entered" not in page.content.decode()
    program = member.get("/projects/", headers={"Authorization": "Bearer x"})
    assert (program.status_code, program.json()["error"][: len(FULL)]) == (503, FULL)


def test_another_error_is_still_one_inside_mantik(member: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OperationalError("no such table")

    monkeypatch.setattr("mantik.pages.ProjectFilter", broken)
    member.raise_request_exception = False
    page = member.get("/projects/")
    assert page.status_code == 500
    assert "There was an error inside Mantik" in page.content.decode()


def test_who_only_reads_does_so_without_room(member: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is due to store when the session was last used leaves that out."""
    noted: list[object] = []
    monkeypatch.setattr("mantik.accounts.middleware.was_noted_long_ago", lambda _request: True)
    monkeypatch.setattr("mantik.accounts.middleware.note_client", lambda request, **_: noted.append(request))
    disk.watch.notice(OperationalError("database or disk is full"))
    assert member.get("/projects/").status_code == 200
    assert noted == []
    disk.watch.forget(disk.Store.DATABASE)
    assert member.get("/projects/").status_code == 200
    assert len(noted) == 1
