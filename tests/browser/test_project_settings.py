"""Writing a project's description and labels."""

from __future__ import annotations

from playwright.sync_api import expect

from projects.roles import Role
from tests.browser.conftest import Opener
from tests.browser.scene import Scene

SETTINGS = "/projects/solar-cells/settings/"


def test_the_preview_follows_what_is_written_and_saves_nothing(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.people[Role.MAINTAINER]).goto(SETTINGS)
    page.get_by_label("Description").fill("# Aim\n\nTo know **it**.")
    page.get_by_role("button", name="Preview of the description").click()
    preview = page.locator("#description-preview")
    expect(preview.get_by_role("heading", name="Aim", level=3)).to_be_visible()
    expect(preview.locator("strong")).to_have_text("it")
    scene.project.refresh_from_db()
    assert "Aim" not in scene.project.description


def test_a_label_in_use_is_added_once(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.people[Role.MAINTAINER]).goto(SETTINGS)
    labels = page.get_by_label("Labels")
    labels.fill("hpc")
    for _ in range(2):
        page.get_by_role("button", name="solar", exact=True).click()
    expect(labels).to_have_value("hpc, solar")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#messages")).to_contain_text("The settings are saved.")
    assert sorted(scene.project.labels.values_list("name", flat=True)) == ["hpc", "solar"]


def test_return_in_a_field_saves_and_does_not_only_preview(scene: Scene, open_page: Opener) -> None:
    for javascript in (True, False):
        page = open_page(scene.people[Role.MAINTAINER], javascript=javascript).goto(SETTINGS)
        name = "Sun and rain" if javascript else "Rain alone"
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_label("Name", exact=True).press("Enter")
        expect(page.locator("#messages")).to_contain_text("The settings are saved.")
        scene.project.refresh_from_db()
        assert scene.project.name == name


def test_without_javascript_the_preview_is_a_page_that_keeps_the_form(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.people[Role.MAINTAINER], javascript=False).goto(SETTINGS)
    page.get_by_label("Description").fill("So *it* is.")
    page.get_by_role("button", name="Preview the description").click()
    expect(page.locator("#description-preview em")).to_have_text("it")
    expect(page.get_by_label("Description")).to_have_value("So *it* is.")
