"""Runs side by side: ticked in the list, overlaid, and what differs."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from runs.models import Run
from runs.states import RunState
from tests.browser.conftest import Opener
from tests.browser.scene import Scene

PAIR = (RunState.FINISHED, RunState.RUNNING)


def compare_url(*runs: Run) -> str:
    return reverse("runs:compare", args=[runs[0].project.slug]) + "?" + "&".join(f"run={run.uuid}" for run in runs)


def pair(scene: Scene) -> list[Run]:
    return [scene.runs[state] for state in PAIR]


def colours(page: Page) -> list[str]:
    marks = page.locator(".legend .line-mark")
    return [marks.nth(at).evaluate("(mark) => getComputedStyle(mark).color") for at in range(marks.count())]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_curves_differences_and_results_stand_side_by_side(
    scene: Scene, open_page: Opener, theme: str, width: int
) -> None:
    first, second = pair(scene)
    Run.objects.filter(pk=second.pk).update(parameters={"epochs": 80, "lr": 0.01})
    visit = open_page(scene.researcher, theme=theme, width=width)
    page = visit.goto(compare_url(first, second))
    expect(page.get_by_role("heading", name="Compare 2 runs")).to_be_visible()
    expect(page.locator(".chart canvas").first).to_be_visible()
    expect(page.locator(".chart-last").first).to_contain_text(" · ")
    expect(page.get_by_role("region", name="Differences")).to_contain_text("epochs")
    expect(page.get_by_role("region", name="Table of results")).to_contain_text("val_acc, last")
    before = colours(page)
    assert len(set(before)) == 2
    assert visit.overflow() == []
    assert visit.barriers() == []
    # The place in the address is the colour, not the name or the state.
    page = visit.goto(compare_url(second, first))
    assert colours(page) == before
    assert page.locator(".legend a").first.inner_text() == second.name
    assert visit.complaints == []


def test_runs_are_ticked_in_the_list_and_stay_so_while_it_lives(scene: Scene, open_page: Opener) -> None:
    first, second = pair(scene)
    visit = open_page(scene.researcher)
    page = visit.goto(reverse("runs:list", args=[scene.project.slug]))
    button = page.locator(".tick-bar .btn").first
    expect(button).to_be_hidden()
    page.get_by_label(f"Tick {second.name}").check()
    expect(button).to_have_text("Compare")
    expect(button).to_be_disabled()
    page.get_by_label(f"Tick {first.name}").check()
    expect(button).to_have_text("Compare 2 runs")
    assert visit.barriers() == []
    # A row that is drawn anew is still ticked.
    Run.objects.filter(pk=second.pk).update(name="renamed")
    expect(page.get_by_role("link", name="renamed", exact=True)).to_be_visible()
    expect(page.get_by_label("Tick renamed")).to_be_checked()
    expect(button).to_have_text("Compare 2 runs")
    button.click()
    expect(page).to_have_url(
        re.compile(
            rf"/runs/compare/\?run={first.uuid}&run={second.uuid}|/runs/compare/\?run={second.uuid}&run={first.uuid}"
        )
    )
    expect(page.get_by_role("heading", name="Compare 2 runs")).to_be_visible()
    assert visit.complaints == []


def test_ticks_work_without_javascript(scene: Scene, open_page: Opener) -> None:
    first, second = pair(scene)
    page = open_page(scene.researcher, javascript=False).goto(reverse("runs:list", args=[scene.project.slug]))
    for run in (first, second):
        page.get_by_label(f"Tick {run.name}").check()
    page.get_by_role("button", name="Compare ticked runs").click()
    expect(page.get_by_role("heading", name="Compare 2 runs")).to_be_visible()
    expect(page.get_by_role("region", name="Table of results")).to_contain_text("val_acc, last")


def test_too_few_are_told_what_to_do(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(compare_url(scene.runs[RunState.FINISHED]))
    expect(page.get_by_role("alert")).to_contain_text("Choose 2 to 100 runs to compare: tick them in the list of runs.")
    assert visit.barriers() == []
