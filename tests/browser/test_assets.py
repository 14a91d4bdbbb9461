"""What a page weighs, and where it comes from."""

from __future__ import annotations

import gzip
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import Response, expect

from runs.states import RunState
from tests.browser.conftest import Opener
from tests.browser.scene import Scene

LIMIT = 150_000
MOST_REQUESTS = 6


@pytest.mark.parametrize("tab", ["overview", "log", "metrics"])
def test_css_and_javascript_weigh_less_than_150_kb_gzipped(tab: str, scene: Scene, open_page: Opener) -> None:
    """On the page of a run, which needs the most."""
    visit = open_page(scene.researcher)
    answers: list[Response] = []
    visit.page.on("response", lambda answer: answers.append(answer))
    run = scene.runs[RunState.RUNNING]
    page = visit.goto(reverse("runs:detail", args=[scene.project.slug, run.uuid]) + f"?tab={tab}")
    if tab != "log":
        expect(page.locator(".chart canvas").first).to_be_visible()
    visit.settle()
    weights = {
        urlsplit(answer.url).path: len(gzip.compress(answer.body()))
        for answer in answers
        if answer.request.resource_type in ("stylesheet", "script")
    }
    assert "/static/bundle/app.js" in weights
    assert sum(weights.values()) < LIMIT, weights


@pytest.mark.parametrize(
    "name", ["projects:overview", "runs:list", "runs:new", "registered_models:list", "schedules:list"]
)
def test_a_page_takes_six_requests(name: str, scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    visit.goto(reverse(name, args=[scene.project.slug]))
    visit.settle()
    # Playwright does not tell that of the tab's icon, so it has to be in the page.
    assert visit.page.locator("link[rel=icon]").get_attribute("href").startswith("data:")  # type: ignore[union-attr]
    assert len(asked) <= MOST_REQUESTS, asked


def test_the_page_of_a_run_takes_six_requests_and_its_data(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page = visit.goto(reverse("runs:detail", args=[scene.project.slug, scene.runs[RunState.FINISHED].uuid]))
    expect(page.locator(".chart canvas").first).to_be_visible()
    data = [path for path in asked if path.endswith(("/log/", "/metrics/", "/metrics/points/")) or "uPlot" in path]
    assert len(set(asked)) - len(set(data)) <= MOST_REQUESTS, asked
    # The log, the list of metrics, their points, and what draws them.
    assert len(set(data)) == 4


def test_everything_comes_from_us(scene: Scene, open_page: Opener) -> None:
    visit = open_page(scene.researcher)
    hosts: set[str] = set()
    visit.page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page = visit.goto(reverse("runs:detail", args=[scene.project.slug, scene.runs[RunState.FINISHED].uuid]))
    expect(page.locator(".chart canvas").first).to_be_visible()
    assert hosts == {urlsplit(page.url).netloc}


def test_no_script_and_no_style_stands_in_the_page(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).page
    answer = page.goto(reverse("runs:detail", args=[scene.project.slug, scene.runs[RunState.FINISHED].uuid]))
    assert answer is not None
    assert "unsafe" not in answer.headers["content-security-policy"]
    text = answer.text()
    assert "<style" not in text
    assert ' style="' not in text
    assert "<script>" not in text
