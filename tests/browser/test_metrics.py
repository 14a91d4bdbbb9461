"""The metrics of a run: found, drawn as they are scrolled to, zoomed, and kept up to date."""

from __future__ import annotations

import math
import re

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from runs.models import Run, RunSummaries
from runs.states import RunState
from runs.tracking.summaries.buckets import Point
from runs.tracking.summaries.take_in import take_in
from tests.browser.conftest import Opener
from tests.browser.scene import Scene
from tests.browser.test_run_page import run_url
from tests.browser.tracking import log_metrics
from tests.support import factories as make

NOW = 1_764_000_000_000


def log(run: Run, values: dict[int, float], key: str, *, apart: int = 1000) -> None:
    with transaction.atomic():
        take_in(run, [Point("", key, value, NOW + step * apart, step) for step, value in values.items()])


def names(page: Page) -> list[str]:
    return page.locator(".chart-key").all_inner_texts()


def test_metrics_are_drawn_and_grow(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(run_url(scene.runs[RunState.RUNNING], "metrics"))
    expect(page.locator(".chart canvas")).to_have_count(3)
    expect(page.get_by_role("heading", name="val_acc")).to_be_visible()
    expect(page.locator("[data-metrics-step]")).to_have_text("step 39")
    log_metrics(scene.runs[RunState.RUNNING], start=40, stop=60)
    expect(page.locator("[data-metrics-step]")).to_have_text("step 59")
    page.get_by_text("Numbers of loss").click()
    expect(page.get_by_role("region", name="Numbers of loss").get_by_role("row")).to_have_count(61)
    assert visit.barriers() == []
    assert visit.complaints == []


def test_of_many_metrics_those_in_view_are_fetched_and_all_can_be_found(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.FINISHED]
    with transaction.atomic():
        groups = ("train/layer", "val/layer", "system/gpu")
        points = [Point("", f"{group}_{at}", 0.5, NOW, 0) for group in groups for at in range(100)]
        take_in(run, points)
    visit = open_page(scene.researcher)
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url) if "/points/" in request.url else None)
    page = visit.goto(run_url(run, "metrics"))
    expect(page.locator("[data-metrics-count]")).to_have_text("303 metrics")
    expect(page.locator(".chart canvas").first).to_be_visible()
    assert names(page)[:3] == ["val_acc", "loss", "lr"]
    # Natural order, as people count.
    assert names(page)[3:6] == ["val/layer_0", "val/layer_1", "val/layer_2"]
    assert sum(url.count("key=") for url in asked) < 40
    assert page.locator(".chart canvas").count() < 40

    page.get_by_role("searchbox", name="Find metrics").fill("gpu 99")
    expect(page.locator("[data-metrics-count]")).to_have_text("1 of 303 metrics")
    expect(page.locator(".chart canvas")).to_have_count(1)
    assert names(page) == ["system/gpu_99"]
    page.get_by_role("searchbox", name="Find metrics").fill("nothing like this")
    expect(page.get_by_text("No metric has these words in its name.")).to_be_visible()
    page.get_by_role("searchbox", name="Find metrics").fill("")
    # Frames of charts come as one scrolls on.
    page.wait_for_function(
        "() => (scrollTo(0, document.body.scrollHeight), document.querySelectorAll('.chart').length === 303)"
    )
    assert page.locator(".chart-group h3").all_inner_texts()[1:] == ["val/", "train/", "system/"]
    page.get_by_role("heading", name="system/gpu_50", exact=True).scroll_into_view_if_needed()
    expect(
        page.locator("figure", has=page.get_by_role("heading", name="system/gpu_50", exact=True)).locator("canvas")
    ).to_be_visible()
    assert page.locator(".chart canvas").count() < 40
    assert visit.complaints == []


def test_the_overview_shows_what_says_most(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.FINISHED]
    for at in range(30):
        make.log_to(run, 0.5, 0.25, key=f"aux_{at:02}")
    page = open_page(scene.researcher).goto(run_url(run))
    expect(page.locator(".chart canvas")).to_have_count(2)
    assert names(page) == ["val_acc", "loss"]
    page.get_by_role("link", name="All metrics").click()
    expect(page.locator("[data-metrics-count]")).to_have_text("33 metrics")


def test_a_failure_to_read_is_taken_back_though_nothing_is_new(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(run_url(scene.runs[RunState.RUNNING], "metrics"))
    expect(page.locator(".chart canvas")).to_have_count(3)
    page.route(re.compile(r"/metrics/\?"), lambda route: route.abort(), times=1)
    note = page.locator("[data-metrics-note]")
    expect(note).to_have_text("The metrics cannot be read at the moment. Trying again.", timeout=30_000)
    expect(note).to_be_hidden(timeout=30_000)


def test_points_that_did_not_come_are_asked_for_again(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    visit.page.route(re.compile("/metrics/points/"), lambda route: route.abort(), times=1)
    page = visit.goto(run_url(scene.runs[RunState.FINISHED], "metrics"))
    expect(page.locator(".chart canvas")).to_have_count(3)
    expect(page.locator("[data-metrics-note]")).to_be_hidden()


def drawn(page: Page) -> str:
    data: str = page.locator(".chart canvas").first.evaluate("(canvas) => canvas.toDataURL()")
    return data


def drawn_anew(page: Page, before: list[str]) -> str:
    page.wait_for_function(
        "(before) => !before.includes(document.querySelector('.chart canvas').toDataURL())", arg=before
    )
    return drawn(page)


def test_tools_and_the_theme_draw_anew(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.FINISHED]
    log(run, {step: 1 + step % 7 + (1000 if step == 50 else 0) for step in range(100)}, "accuracy")
    visit = open_page(scene.researcher)
    page = visit.goto(run_url(run, "metrics"))
    expect(page.locator(".chart canvas")).to_have_count(4)
    pictures = [drawn(page)]
    page.get_by_label("Leave out outliers").check()
    pictures.append(drawn_anew(page, pictures))
    page.get_by_label("Log scale").check()
    pictures.append(drawn_anew(page, pictures))
    page.get_by_label("Smoothing").fill("0.6")
    pictures.append(drawn_anew(page, pictures))
    page.get_by_label("Smoothing").fill("0.95")
    pictures.append(drawn_anew(page, pictures))
    page.get_by_label("x axis").select_option("Relative time")
    pictures.append(drawn_anew(page, pictures))
    page.get_by_label("x axis").select_option("Wall time")
    pictures.append(drawn_anew(page, pictures))
    page.emulate_media(color_scheme="dark")
    pictures.append(drawn_anew(page, pictures))
    assert len(set(pictures)) == 8
    assert visit.complaints == []


def test_the_crosshair_is_shared(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(run_url(scene.runs[RunState.FINISHED], "metrics"))
    expect(page.locator(".chart canvas")).to_have_count(3)
    page.locator(".chart .u-over").first.hover()
    values = page.locator(".chart-last")
    for index in range(3):
        expect(values.nth(index)).to_have_text(re.compile(r"^step (19|20): "))
    # On each line, a point where its value is.
    points = page.locator(".chart .u-cursor-pt")
    expect(points).to_have_count(3)
    for index in range(3):
        expect(points.nth(index)).to_be_visible()


def drag(page: Page, start: float, end: float) -> None:
    box = page.locator(".chart .u-over").first.bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, y, steps=4)
    page.mouse.up()


@pytest.mark.parametrize("axis", ["Step", "Wall time", "Relative time"])
def test_dragging_zooms_into_finer_points_and_there_is_a_way_back(scene: Scene, open_page: Opener, axis: str) -> None:
    run = scene.runs[RunState.FINISHED]
    log(run, {step: 99.0 if step == 15_000 else math.sin(step / 900) for step in range(30_000)}, "accuracy")
    visit = open_page(scene.researcher)
    page = visit.goto(run_url(run, "metrics"))
    expect(page.locator(".chart canvas")).to_have_count(4)
    page.get_by_label("x axis").select_option(axis)
    with page.expect_request(re.compile(r"from=1[34]\d\d\d&to=1[5-7]\d\d\d$")):
        drag(page, 0.45, 0.55)
    expect(page.locator("[data-metrics-zoomed]")).to_contain_text("From ")
    page.get_by_text("Numbers of accuracy").click()
    numbers = page.get_by_role("region", name="Numbers of accuracy")
    expect(numbers.get_by_role("cell", name="15,000", exact=True)).to_be_attached()
    # All charts show the same range.
    expect(page.locator(".chart-last").first).not_to_have_text("")
    page.get_by_role("button", name="Show all steps").click()
    expect(page.get_by_role("button", name="Show all steps")).to_be_hidden()
    expect(numbers.get_by_role("cell", name="29,999", exact=True)).to_be_attached()
    assert visit.complaints == []


def test_a_range_can_be_typed(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    page = visit.goto(run_url(scene.runs[RunState.FINISHED], "metrics"))
    expect(page.locator(".chart canvas")).to_have_count(3)
    page.get_by_text("Range", exact=True).click()
    page.get_by_label("First step").fill("30")
    page.get_by_label("Last step").fill("10")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("Type two steps, the smaller one first.")).to_be_visible()
    page.get_by_label("First step").fill("5")
    page.get_by_label("Last step").press("Enter")
    expect(page.locator("[data-metrics-zoomed]")).to_have_text("From step 5 to step 10.")
    page.get_by_text("Numbers of loss").click()
    expect(page.get_by_role("region", name="Numbers of loss").get_by_role("row")).to_have_count(7)
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="Numbers of loss").get_by_role("row")).to_have_count(41)
    assert visit.complaints == []


def test_what_is_not_finite_is_marked_and_said(scene: Scene, open_page: Opener) -> None:
    run = scene.runs[RunState.FINISHED]
    odd = {10: math.nan, 11: math.inf, 12: math.inf, 30: -math.inf}
    log(run, {step: odd.get(step, step / 10) for step in range(40)}, "accuracy")
    log(run, {0: math.inf}, "f1")
    visit = open_page(scene.researcher)
    page = visit.goto(run_url(run, "metrics"))
    expect(page.locator(".chart-note").first).to_have_text("1 NaN, 2 infinite, 1 minus infinite, from step 10 to 30")
    figure = page.locator("figure", has=page.get_by_role("heading", name="f1", exact=True))
    expect(figure.locator(".chart-last")).to_have_text("infinite")
    assert visit.barriers() == []
    assert visit.complaints == []


def test_a_metric_can_be_had_as_csv(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto(run_url(scene.runs[RunState.FINISHED], "metrics"))
    page.get_by_text("Numbers of val_acc").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV of all that is kept").click()
    assert download.value.path().read_text().count("val_acc,1,") == 40


@pytest.mark.parametrize(
    ("is_partial", "is_closed", "sentence"),
    [
        (False, True, "No metrics were logged."),
        (False, False, "No metrics yet."),
        (True, True, "Mantik is still reading from MLflow what was logged"),
    ],
)
def test_no_metric_is_said_in_words(
    scene: Scene, open_page: Opener, is_partial: bool, is_closed: bool, sentence: str
) -> None:
    run = scene.runs[RunState.FINISHED]
    run.metrics.all().delete()
    Run.objects.filter(pk=run.pk).update(tracking_closed=is_closed)
    RunSummaries.objects.filter(run=run).update(is_partial=is_partial)
    page = open_page(scene.researcher).goto(run_url(run, "metrics"))
    expect(page.locator("[data-metrics-note]")).to_contain_text(sentence)
    # Nothing to draw, so nothing to draw it with.
    assert page.evaluate("typeof window.uPlot") == "undefined"
