"""The page of an experiment as somebody uses it: ticks, completion, orders, rows that change; without JavaScript."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from projects.models import Experiment
from runs.lifecycle import move
from runs.models import Run
from runs.results.comparison import MOST_CURVES
from runs.states import RunState
from tests.browser.conftest import Opener
from tests.browser.scene import Scene
from tests.browser.scene_experiments import build_experiment
from tests.support.tables import log


@pytest.fixture
def experiment(scene: Scene) -> Experiment:
    return build_experiment(scene.project, scene.researcher)


def address(experiment: Experiment, query: str = "") -> str:
    return reverse("projects:experiment", args=[experiment.project.slug, experiment.uuid]) + query


def first_row(page: Page) -> str:
    return page.locator(".grid-experiment .row-link").first.inner_text()


SQUARE = "head => getComputedStyle(head, '::before').backgroundColor"


def line_of(part: Locator) -> str:
    return str(part.locator(".line-mark").evaluate("mark => getComputedStyle(mark).color"))


def test_the_best_run_is_found_and_runs_are_ticked_over_orders(
    scene: Scene, experiment: Experiment, open_page: Opener
) -> None:
    page = open_page(scene.researcher).goto(address(experiment))
    best = first_row(page)
    expect(page.locator(".is-best")).to_have_count(1)
    bar = page.locator(".tick-bar")
    expect(bar).to_be_hidden()
    page.get_by_label(f"Tick {best}", exact=True).check()
    expect(bar).to_contain_text("1 run")
    expect(bar.get_by_role("button", name="Compare")).to_be_disabled()
    page.get_by_role("link", name="val_accuracy", exact=False).and_(page.locator("th a")).click()
    expect(page.locator("th.is-sorted")).to_have_attribute("aria-sort", "ascending")
    worst = first_row(page)
    page.get_by_label(f"Tick {worst}", exact=True).check()
    expect(page.get_by_label(f"Tick {best}", exact=True)).to_be_checked()
    with page.expect_request(lambda request: "/runs/compare/" in request.url) as caught:
        bar.get_by_role("button", name="Compare").click()
    asked = parse_qs(urlsplit(caught.value.url).query)
    named = Run.objects.filter(name__in=[best, worst], experiment=experiment)
    assert asked == {"run": [str(named.get(name=name).uuid) for name in (best, worst)]}


def test_a_ticked_run_has_the_colour_that_it_has_when_it_is_compared(
    scene: Scene, experiment: Experiment, open_page: Opener
) -> None:
    page = open_page(scene.researcher).goto(address(experiment))
    names = [page.locator(".grid-experiment .row-link").nth(at).inner_text() for at in (2, 0, 1)]
    for name in names:
        page.get_by_label(f"Tick {name}", exact=True).check()
    # The words of the bar fit their buttons.
    buttons = page.locator(".tick-bar button").all()
    assert [button.evaluate("button => button.scrollWidth <= button.clientWidth") for button in buttons] == [True, True]
    heads = [page.locator(".row-head", has=page.get_by_role("link", name=name, exact=True)) for name in names]
    ticked = [head.evaluate(SQUARE) for head in heads]
    assert len(set(ticked)) == len(names)
    # Sorted otherwise, each keeps its own.
    page.goto(address(experiment, "?sort=-started"))
    assert [head.evaluate(SQUARE) for head in heads] == ticked
    expect(page.locator(".grid-experiment [data-line]")).to_have_count(len(names))
    page.locator(".tick-bar").get_by_role("button", name="Compare").click()
    lines = page.locator(".legend li")
    expect(lines.locator("a")).to_have_text(names)
    assert [line_of(line) for line in lines.all()] == ticked


def test_more_runs_than_have_colours_are_ticked_without_them(
    scene: Scene, experiment: Experiment, open_page: Opener
) -> None:
    page = open_page(scene.researcher).goto(address(experiment))
    marks = page.locator(".grid-experiment [data-line]")
    boxes = page.locator(".grid-experiment .tick")
    for at in range(MOST_CURVES):
        boxes.nth(at).check()
    expect(marks).to_have_count(MOST_CURVES)
    boxes.nth(MOST_CURVES).check()
    expect(marks).to_have_count(0)
    boxes.nth(0).uncheck()
    expect(marks).to_have_count(MOST_CURVES)


def test_ticks_are_cleared(scene: Scene, experiment: Experiment, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(address(experiment))
    page.locator(".tick").first.check()
    page.get_by_role("button", name="Untick all").click()
    expect(page.locator(".tick-bar")).to_be_hidden()
    expect(page.locator(".tick:checked")).to_have_count(0)


def test_a_filter_is_completed_by_keyboard_alone(scene: Scene, experiment: Experiment, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(address(experiment, "?columns=metric.val_loss+param.optimizer"))
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Filter runs by an expression")
    expect(field).to_be_focused()
    page.keyboard.type("opt")
    options = page.get_by_role("option")
    expect(options).to_have_text(["param.optimizer"])
    page.keyboard.press("Tab")
    expect(field).to_have_value("param.optimizer ")
    page.keyboard.type("= sgd and val_l")
    expect(options).to_have_text(["metric.val_loss"])
    assert visit.barriers() == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("param.optimizer = sgd and metric.val_loss ")
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    page.keyboard.type("< 0.15")
    page.keyboard.press("Enter")
    page.wait_for_url("**filter=param.optimizer**")
    expect(page.locator(".grid-experiment tbody tr").first).to_contain_text("sgd")
    expect(page.locator(".grid-experiment tbody tr").filter(has_text="adamw")).to_have_count(0)
    assert visit.complaints == []


def test_a_row_changes_while_it_is_looked_at_and_keeps_its_tick(
    scene: Scene, experiment: Experiment, open_page: Opener
) -> None:
    page = open_page(scene.researcher).goto(address(experiment))
    run = experiment.runs.filter(state=RunState.RUNNING).latest("pk")
    row = page.locator(f"#run-{run.short_id}")
    row.locator(".tick").check()
    expect(page.locator("#table-rows")).not_to_have_attribute("data-live", "")
    log(run, metrics={"val_accuracy": [0.0] * 9 + [0.9876]})
    expect(row).to_contain_text("0.9876")
    expect(row.locator(".tick")).to_be_checked()
    expect(row).to_have_attribute("data-line", "0")
    assert move(run, to=RunState.FINISHED, now=timezone.now(), message="It is over.")
    expect(row.locator(".status")).to_have_text("Finished")


def test_without_javascript_a_filter_a_column_and_a_comparison_work(
    scene: Scene, experiment: Experiment, open_page: Opener
) -> None:
    page = open_page(scene.researcher, javascript=False).goto(address(experiment))
    field = page.get_by_label("Filter runs by an expression")
    field.fill("lr <")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Character 5: Here a value should stand")
    expect(field).to_have_value("lr <")
    field.fill("lr < 0.001")
    field.press("Enter")
    expect(page.locator(".tick").first).to_be_visible()
    page.get_by_role("link", name="Columns").click()
    page.locator(".name-list li", has_text="val_loss").get_by_role("link", name="best").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("columnheader", name="val_loss, best")).to_be_visible()
    for box in page.locator(".tick").all()[:2]:
        box.check()
    with page.expect_request(lambda request: "/runs/compare/" in request.url) as caught:
        page.get_by_role("button", name="Compare").click()
    assert len(parse_qs(urlsplit(caught.value.url).query)["run"]) == 2
