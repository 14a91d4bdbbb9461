"""What operators see when there is little room, and members when there is none."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from playwright.sync_api import expect
from pytest_django.fixtures import Settings

from tests.browser.conftest import Opener
from tests.browser.scene import Scene
from tests.browser.test_new_run import fill_in, form_url
from tests.browser.test_pages import problems_in
from tests.browser.visit import Visit

LITTLE = "is nearly full: "
FULL = "There is no disk space left for the database."


@pytest.fixture
def little(settings: Settings) -> None:
    """No disk has more room than it has."""
    settings.MANTIK_DISK_MIN_PERCENT = 100


def look_at(visit: Visit, name: str) -> None:
    visit.settle()
    assert problems_in(visit, name) == {}
    assert visit.complaints == []


@pytest.mark.usefixtures("little")
def test_the_warning_for_operators_fits_every_kind_of_page(scene: Scene, open_page: Opener) -> None:
    operator = scene.researcher
    operator.is_staff = operator.is_superuser = True
    operator.save()
    visit = open_page(operator)
    project = f"/projects/{scene.project.slug}"
    for name, url in {"list": "/projects/", "project": f"{project}/", "settings": "/settings/account/"}.items():
        page = visit.goto(url)
        expect(page.get_by_text(LITTLE)).to_be_visible()
        look_at(visit, f"little-room-{name}")
    page = visit.goto("/admin/")
    expect(page.get_by_text(LITTLE)).to_be_visible()
    # It leads to where it says what to do.
    page = visit.goto("/projects/")
    page.get_by_role("link", name="What to do").click()
    expect(page.get_by_role("heading", name="A disk that is full")).to_be_in_viewport()


def test_a_page_that_finds_no_room(scene: Scene, open_page: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object, **__: object) -> None:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr("mantik.pages.ProjectFilter", none_left)
    visit = open_page(scene.researcher)
    page = visit.goto("/projects/")
    expect(page.get_by_text(FULL)).to_be_visible()
    look_at(visit, "no-room")


def test_run_finds_no_room_and_keeps_what_was_typed(
    scene: Scene, open_page: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(**_: object) -> None:
        raise OperationalError("database or disk is full")

    visit = open_page(scene.researcher)
    page = visit.goto(form_url(scene))
    fill_in(page)
    monkeypatch.setattr("runs.services.create_run", none_left)
    page.get_by_role("button", name="RUN!").click()
    expect(page.get_by_text(FULL)).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("resnet50-sweep-15")
    expect(page.get_by_label("Compute budget account")).to_have_value("acc_sol")
    look_at(visit, "no-room-for-a-run")
