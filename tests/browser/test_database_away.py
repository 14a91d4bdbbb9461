"""What members see while the database is away: a page that comes back by itself, and their form."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest
from django.db import OperationalError
from playwright.sync_api import expect

from runs import services
from runs.models import Run
from tests.browser.conftest import Opener
from tests.browser.scene import Scene
from tests.browser.test_new_run import fill_in, form_url
from tests.browser.test_pages import problems_in
from tests.browser.visit import Visit

AWAY = "The database does not answer"


def goes_away(*_: object, **__: object) -> Any:
    raise OperationalError("gone") from psycopg.OperationalError("server closed the connection unexpectedly")


def look_at(visit: Visit, name: str) -> None:
    visit.settle()
    assert problems_in(visit, name) == {}
    assert visit.complaints == []


def test_a_page_comes_back_by_itself(scene: Scene, open_page: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    visit = open_page(scene.researcher)
    with monkeypatch.context() as patch:
        patch.setattr("mantik.pages.ProjectFilter", goes_away)
        # Not while it is looked at.
        patch.setattr("mantik.lib.unavailable.randbelow", lambda _most: 3600)
        page = visit.goto("/projects/")
        expect(page.get_by_role("heading", name=AWAY)).to_be_visible()
        look_at(visit, "database-away")
        patch.setattr("mantik.lib.unavailable.randbelow", lambda _most: 0)
        page.reload()
        expect(page.get_by_role("heading", name=AWAY)).to_be_visible()
    expect(page.get_by_role("heading", name="Projects", exact=True)).to_be_visible(timeout=30_000)


def test_run_is_sent_again_from_the_page_and_makes_one_run(
    scene: Scene, open_page: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the first try is lost, after the run was stored; then the member sends it twice more."""
    before, create_run = Run.objects.count(), services.create_run
    visit = open_page(scene.researcher)
    page = visit.goto(form_url(scene))
    fill_in(page)

    def is_stored_and_lost(**values: Any) -> Run:
        create_run(**values)
        return goes_away()  # type: ignore[no-any-return]

    with monkeypatch.context() as patch:
        patch.setattr("runs.services.create_run", is_stored_and_lost)
        page.get_by_role("button", name="RUN!").click()
        expect(page.get_by_role("heading", name=AWAY)).to_be_visible()
        expect(page.get_by_text("it takes effect once")).to_be_visible()
        page.get_by_text("What you entered", exact=True).click()
        expect(page.get_by_text("resnet50-sweep-15")).to_be_visible()
        look_at(visit, "database-away-run")
    address, form = page.url, dict(page.evaluate("[...new FormData(document.querySelector('form'))]"))
    page.get_by_role("button", name="Send again").click()
    expect(page).to_have_url(re.compile(r"/runs/[0-9a-f-]{36}/$"))
    assert page.request.post(address, form=form, max_redirects=0).status == 302
    assert Run.objects.count() == before + 1
    assert Run.objects.latest("pk").name == "resnet50-sweep-15"


def test_a_password_is_asked_for_again(scene: Scene, open_page: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    visit = open_page(None)
    page = visit.goto("/accounts/sign-in/")
    page.get_by_label("User name or e-mail address").fill("somebody")
    page.get_by_label("Password", exact=True).fill("not the right one")
    with monkeypatch.context() as patch:
        patch.setattr("mantik.accounts.forms.SignInForm.clean", goes_away)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("heading", name=AWAY)).to_be_visible()
        expect(page.get_by_label("Password", exact=True)).to_have_value("")
        assert "not the right one" not in page.content()
        look_at(visit, "database-away-sign-in")
    page.get_by_label("Password", exact=True).fill("not the right one either")
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_label("User name or e-mail address")).to_have_value("somebody")


def test_what_changes_by_itself_waits_calmly(scene: Scene, open_page: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list asks again and again. What it shows stays, and the words go when it is answered."""
    visit = open_page(scene.researcher)
    page = visit.goto(form_url(scene))
    visit.expect_status(503)
    with monkeypatch.context() as patch:
        patch.setattr("runs.views.new.preview_of", goes_away)
        page.get_by_label("Name").fill("another")
        page.get_by_label("Branch").select_option("rounds")
        expect(page.locator("#toasts")).to_contain_text("Nothing on this page is lost")
        expect(page.get_by_label("Name")).to_have_value("another")
    page.get_by_label("Branch").select_option("main")
    expect(page.locator("#toasts p")).to_have_count(0)
