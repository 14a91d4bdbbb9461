"""How long the metrics of a run take to open in Chromium: from the address to charts in all of the window."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from statistics import median

from django.db import transaction
from django.urls import reverse
from playwright.sync_api import Page, sync_playwright

from bench.ground import Ground
from bench.harness import Result
from bench.visitor import HOST, cookie_of, visitor
from mantik.up.web import address, web_service
from runs.models import Run
from runs.states import RunState
from runs.tracking.summaries.buckets import Point
from runs.tracking.summaries.take_in import take_in
from tests.browser.conftest import ARGUMENTS
from tests.support import factories

_BEGAN = 1_764_000_000_000
_METRICS, _STEPS = 400, 1000
_POINTS, _BATCH = 1_000_000, 50_000
_ROUNDS = 7
# Every chart in the window is drawn, and there is one.
_DRAWN = """() => {
  const plots = [...document.querySelectorAll(".chart-plot")].filter((plot) => {
    const { top, bottom, width } = plot.getBoundingClientRect();
    return width && bottom > 0 && top < innerHeight;
  });
  return plots.length > 0 && plots.every((plot) => plot.querySelector("canvas"));
}"""


def pages(ground: Ground) -> Iterator[Result]:
    many = factories.make_run(RunState.RUNNING)
    deep = factories.make_run(RunState.RUNNING, project=many.project, created_by=many.created_by)
    _log_many(many)
    _log_deep(deep)
    paths = {name: _path(run) for name, run in (("page.metrics.400", many), ("page.metrics.1m", deep))}
    try:
        with ground.running(web_service(host=HOST, port=ground.port)), visitor(ground, many.created_by) as reader:
            yield from _opened(address(HOST, ground.port), cookie_of(reader), paths)
    finally:
        Run.objects.all().delete()


def _opened(url: str, cookie: str, paths: dict[str, str]) -> Iterator[Result]:
    name, _, value = cookie.partition("=")
    path_of_browser = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path_of_browser, args=ARGUMENTS)
        context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 860})
        context.add_cookies([{"name": name, "value": value, "url": url}])
        page = context.new_page()
        found = {name: median([_seconds(page, path) for _ in range(_ROUNDS + 1)][1:]) for name, path in paths.items()}
        browser.close()
    for name, seconds in found.items():
        yield Result(name, seconds, "s")


def _seconds(page: Page, path: str) -> float:
    page.goto("about:blank")
    began = time.perf_counter()
    page.goto(path)
    page.wait_for_function(_DRAWN)
    return time.perf_counter() - began


def _path(run: Run) -> str:
    return reverse("runs:detail", args=[run.project.slug, run.uuid]) + "?tab=metrics"


def _log_many(run: Run) -> None:
    for metric in range(_METRICS):
        _log(run, f"{('train', 'val', 'system')[metric % 3]}/layer_{metric}", range(_STEPS))


def _log_deep(run: Run) -> None:
    for start in range(0, _POINTS, _BATCH):
        _log(run, "loss", range(start, start + _BATCH))


def _log(run: Run, key: str, steps: range) -> None:
    with transaction.atomic():
        take_in(run, [Point("", key, 1 / (1 + step % 977), _BEGAN + step * 100, step) for step in steps])
