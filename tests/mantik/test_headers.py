"""What every page tells the browser, and what it therefore must not contain."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from mantik.accounts.models import User
from projects.models import Project
from runs.states import RunState
from tests.conftest import ClientOf
from tests.support.factories import make_connection, make_run

pytestmark = pytest.mark.django_db

PAGES = [
    "/accounts/sign-in/",
    "/projects/",
    "/projects/add/",
    "/projects/pv-yield/",
    "/projects/pv-yield/code/",
    "/projects/pv-yield/code/add/",
    "/projects/pv-yield/experiments/",
    "/projects/pv-yield/experiments/add/",
    "/projects/pv-yield/runs/",
    "/projects/pv-yield/runs/submissions/",
    "/projects/pv-yield/runs/submissions/add/",
    "/settings/connections/",
    "/settings/connections/add/",
    "/projects/not-there/",
    "/docs/",
    "/docs/schedules/",
    "/docs/search/?q=run",
]
# What a browser that keeps to the policy would refuse to run or to apply.
INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", re.IGNORECASE)


@pytest.fixture
def member(client_of: ClientOf, owner: User, project: Project) -> Client:
    make_connection(owner=owner)
    make_run(RunState.RUNNING, project=project, created_by=owner)
    make_run(RunState.FAILED, project=project, created_by=owner)
    return client_of(owner)


@pytest.mark.parametrize("path", PAGES)
def test_nothing_foreign_and_nothing_inline_is_allowed(member: Client, path: str) -> None:
    response = (Client() if path.startswith("/accounts/") else member).get(path)
    policy = dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in response["Content-Security-Policy"]


@pytest.mark.parametrize("path", PAGES)
def test_no_page_needs_what_is_not_allowed(member: Client, path: str) -> None:
    response = (Client() if path.startswith("/accounts/") else member).get(path)
    # The language of a script that is data, for example JSON, makes it none.
    content = re.sub(r'<script[^>]*type="application/json".*?</script>', "", response.content.decode(), flags=re.DOTALL)
    assert INLINE.findall(content) == []


def test_a_page_of_a_run_needs_nothing_else(member: Client, project: Project) -> None:
    for run in project.runs.all():
        content = member.get(f"/projects/pv-yield/runs/{run.uuid}/").content.decode()
        content = re.sub(r'<script[^>]*type="application/json".*?</script>', "", content, flags=re.DOTALL)
        assert INLINE.findall(content) == []


def test_pages_are_not_framed_and_not_guessed_at(member: Client) -> None:
    response = member.get("/projects/")
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"


def test_cookies_have_names_of_their_own_and_scripts_cannot_read_the_session(client: Client, owner: User) -> None:
    from tests.support.factories import PASSWORD

    client.post("/accounts/sign-in/", {"username": "alice", "password": PASSWORD})
    session = client.cookies["mantik-session"]
    assert session["httponly"]
    assert session["samesite"] == "Lax"
