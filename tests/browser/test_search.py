"""The search of everything above any page, and the keys of lists."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from runs.states import RunState
from tests.browser.conftest import Opener
from tests.browser.scene import Scene


def runs_url(scene: Scene) -> str:
    return reverse("runs:list", args=[scene.project.slug])


def hits(page: Page) -> list[str]:
    return page.get_by_role("dialog").locator(".found-name").all_inner_texts()


def test_a_run_is_found_and_opened_by_keyboard_alone(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.FINISHED]
    visit = open_page(scene.researcher)
    page = visit.goto(reverse("projects:overview", args=[scene.project.slug]))
    page.keyboard.press("Control+k")
    dialog = page.get_by_role("dialog", name="Search everything")
    expect(dialog.get_by_role("link", name="New run")).to_be_visible()
    # Enter waits for what was typed, not for what is shown.
    page.keyboard.type(run.name.upper())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=run.name)).to_be_visible()
    assert visit.complaints == []


def test_the_arrows_choose_and_escape_gives_the_focus_back(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(runs_url(scene))
    page.locator(".row-link").nth(2).focus()
    page.keyboard.press("Control+k")
    dialog = page.get_by_role("dialog", name="Search everything")
    page.keyboard.type("resnet")
    expect(dialog.get_by_role("region", name="Runs").get_by_role("link").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(dialog.locator(".found-hits a").nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    field = dialog.get_by_role("searchbox")
    expect(field).to_be_focused()
    # Whoever types on among the hits goes on in the field.
    page.keyboard.press("ArrowDown")
    page.keyboard.type("5")
    expect(field).to_have_value("resnet5")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator(".row-link").nth(2)).to_be_focused()
    assert visit.complaints == []


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_palette_and_keys_have_no_barrier(scene: Scene, open_page: Opener, theme: str, width: int) -> None:
    visit = open_page(scene.researcher, theme=theme, width=width)
    page = visit.goto(runs_url(scene))
    page.keyboard.press("Control+k")
    page.keyboard.type("res")
    expect(page.get_by_role("dialog").get_by_role("region", name="Runs")).to_be_visible()
    expect(page.locator(".found.is-old")).to_have_count(0)
    assert visit.barriers() == []
    assert visit.overflow() == []
    page.keyboard.press("ArrowDown")
    assert visit.barriers() == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("Compare the ticked runs")
    assert visit.barriers() == []
    assert visit.overflow() == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert visit.complaints == []


def test_rows_are_walked_ticked_and_compared_by_keys(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(runs_url(scene))
    links, boxes = page.locator(".row-link"), page.locator(".grid input[type=checkbox]")
    # Nothing is ticked: there is nothing to compare.
    page.keyboard.press("c")
    page.keyboard.press("j")
    expect(links.first).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(boxes.nth(1)).to_be_checked()
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("x")
    page.keyboard.press("x")
    expect(boxes.first).not_to_be_checked()
    # Also where a click has ticked a row.
    boxes.nth(2).click()
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile("/runs/compare/"))
    expect(page.get_by_role("heading", name="Compare 2 runs")).to_be_visible()
    assert visit.complaints == []


def test_keys_do_nothing_in_a_field_or_when_they_are_switched_off(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(runs_url(scene))
    search = page.get_by_role("searchbox")
    search.focus()
    page.keyboard.press("j")
    expect(search).to_have_value("j")
    expect(search).to_be_focused()
    search.fill("")
    search.blur()
    page.evaluate("localStorage.setItem('mantik-shortcuts', 'off')")
    page.goto(runs_url(scene))
    page.keyboard.press("j")
    page.keyboard.press("?")
    expect(page.locator(".row-link:focus")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Search everything")).to_be_visible()


def test_without_javascript_the_glass_leads_to_a_page(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.FINISHED]
    page = open_page(scene.researcher, javascript=False).goto(runs_url(scene))
    page.get_by_role("link", name="Search everything").click()
    field = page.get_by_role("searchbox", name="Search everything by name")
    field.fill(run.name)
    field.press("Enter")
    page.get_by_role("link", name=re.compile(run.name)).first.click()
    expect(page.get_by_role("heading", name=run.name)).to_be_visible()
