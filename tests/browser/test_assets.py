"""What a page weighs, where it comes from, and that scripts word ages as the server does."""

from __future__ import annotations

import gzip
import random
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from playwright.sync_api import Response, expect

from mantik.lib.humanize import measure, relative_time
from runs.states import RunState
from tests.browser.conftest import Opener
from tests.browser.scene import Scene

LIMIT = 150_000


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
    assert "/static/js/app.js" in weights
    assert sum(weights.values()) < LIMIT, weights


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


def test_scripts_word_ages_as_the_server_does(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto("/projects/")
    now = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
    drawn = random.Random(7)
    seconds = [0, 44, 45, 89, 90, 150, 3569, 3570, 3600, 86_399, 86_400, 172_800, 2_591_999, 2_592_000, 31_536_000]
    seconds += [drawn.randrange(10_000_000) for _ in range(500)]
    zones = [UTC, ZoneInfo("Europe/Berlin"), ZoneInfo("America/St_Johns")]
    moments = [
        (now + timedelta(seconds=sign * distance)).astimezone(zone)
        for distance in seconds
        for sign in (1, -1)
        for zone in zones
    ]
    worded = page.evaluate(
        "async ([moments, now]) => { const { relativeTime } = await import('/static/js/relative-time.js');"
        " return moments.map((moment) => relativeTime(moment, now)); }",
        [[moment.isoformat(timespec="seconds") for moment in moments], now.timestamp() * 1000],
    )
    assert worded == [relative_time(moment, now=now.astimezone(moment.tzinfo)) for moment in moments]


def test_scripts_word_metrics_as_the_server_does(scene: Scene, open_page: Opener) -> None:
    page = open_page(scene.researcher).goto("/projects/")
    drawn = random.Random(11)
    values = [None, 0.0, 1.0, 0.5, 2.0625, 999.96, 1000.0, 1e-4, 9.9999e-5, 1e7, 1.125e7, 9_999_999.4, 1e300, 5e-324]
    values += [drawn.choice((1, -1)) * drawn.random() * 10 ** drawn.randrange(-9, 12) for _ in range(500)]
    worded = page.evaluate(
        "async (values) => { const { short } = await import('/static/js/metrics/numbers.js');"
        " return values.map((value) => short(value)); }",
        values,
    )
    assert worded == [measure(value) for value in values]
