"""A run is edited in place on its page, and gets a star where it is shown."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from runs.models import Run, RunStar
from runs.states import RunState
from tests.browser.conftest import Opener
from tests.browser.scene import Scene
from tests.browser.test_run_page import run_url


def test_name_notes_and_tags_are_edited_in_place(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.RUNNING]
    visit = open_page(scene.researcher)
    page = visit.goto(run_url(run))
    page.evaluate("window.stillHere = true")
    panel = page.locator("#run-notes")
    panel.get_by_role("link", name="Edit").click()
    expect(panel).to_be_focused()
    panel.get_by_label("Name").fill("warm start")
    panel.get_by_label("Notes").fill("Better **without** dropout.")
    panel.get_by_role("button", name="Preview").click()
    expect(panel.locator(".preview strong")).to_have_text("without")
    visit.expect_status(422)
    panel.get_by_label("Tags").fill("team = wind\n= x")
    panel.get_by_role("button", name="Save").click()
    expect(panel.locator(".field-error")).to_contain_text("Line 2: Before “=” the name of the tag is missing.")
    expect(panel.get_by_label("Notes")).to_have_value("Better **without** dropout.")
    panel.get_by_label("Tags").fill("team = wind")
    panel.get_by_role("button", name="Save").click()
    expect(panel.locator(".prose strong")).to_have_text("without")
    expect(panel.get_by_role("list", name="Tags")).to_have_text("team = wind")
    expect(page.locator("h1")).to_have_text("warm start")
    expect(page).to_have_title("warm start · Solar cells · Mantik")
    expect(panel.get_by_role("link", name="Edit")).to_be_focused()
    assert page.evaluate("window.stillHere") is True
    assert page.url.endswith(run_url(run))
    # The live part, which is drawn again every 2 s, has the new name, too.
    Run.objects.filter(pk=run.pk).update(waiting_for="The site is silent.")
    expect(page.locator("#run-live")).to_contain_text("The site is silent.")
    expect(page.locator("h1")).to_have_text("warm start")
    assert visit.complaints == []


def test_the_way_back_leaves_all_as_it_was(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(run_url(scene.runs[RunState.FINISHED]))
    page.evaluate("window.stillHere = true")
    panel = page.locator("#run-notes")
    panel.get_by_role("link", name="Edit").click()
    panel.get_by_label("Name").fill("something else")
    panel.get_by_role("link", name="Back").click()
    expect(panel.get_by_role("list", name="Tags")).to_contain_text("team = solar")
    expect(page.locator("h1")).to_have_text("resnet50-finished")
    assert page.evaluate("window.stillHere") is True


@pytest.mark.parametrize("javascript", [True, False])
def test_a_star_is_set_in_the_list_and_removed_on_the_page(scene: Scene, open_page: Opener, javascript: bool) -> None:
    run = scene.runs[RunState.RUNNING]
    here = reverse("runs:list", args=[scene.project.slug]) + "?state=running"
    page = open_page(scene.researcher, javascript=javascript).goto(here)
    star = page.get_by_role("button", name=f"Star {run.name}")
    expect(star).to_have_attribute("aria-pressed", "false")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    assert page.url.endswith(here)
    assert RunStar.objects.filter(run=run, user=scene.researcher).exists()
    page.get_by_role("link", name=run.name, exact=True).click()
    expect(star).to_have_attribute("aria-pressed", "true")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "false")
    assert not RunStar.objects.filter(run=run).exists()


def test_notes_are_edited_without_a_script(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.RUNNING]
    page = open_page(scene.researcher, javascript=False).goto(run_url(run))
    page.locator("#run-notes").get_by_role("link", name="Edit").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Edit {run.name}")
    page.get_by_label("Notes").fill("So *far* so good.")
    page.get_by_role("button", name="Preview the notes").click()
    expect(page.locator(".preview em")).to_have_text("far")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#run-notes em")).to_have_text("far")
    expect(page.locator("#messages")).to_contain_text(f"{run.name} is saved.")
