"""Fifty people who read pages with a million runs behind them, through the real web server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from statistics import quantiles

from django.urls import reverse

from bench.frame_urls import FRAME
from bench.ground import TOP, Ground
from bench.harness import Result
from bench.visitor import HOST, cookie_of, visitor
from mantik.up.web import address, web_service
from runs.models import Run
from tests.support.many_runs import ManyRuns

_BASELINE = "a page with nothing but its frame, as often"


def load(ground: Ground, runs: ManyRuns) -> Iterator[Result]:
    settings = os.environ["DJANGO_SETTINGS_MODULE"]
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.frame_settings"
    try:
        with ground.running(web_service(host=HOST, port=ground.port)), visitor(ground, runs.member) as browser:
            cookie, url = cookie_of(browser), address(HOST, ground.port)
            frame = _p95(url, cookie, [FRAME])
            mixed = _p95(url, cookie, _mixed(runs))
    finally:
        os.environ["DJANGO_SETTINGS_MODULE"] = settings
    yield Result("page.load.50", mixed, "s", frame, _BASELINE)


def _mixed(runs: ManyRuns) -> list[str]:
    slug = runs.project.slug
    listed, overview = reverse("runs:list", args=[slug]), reverse("projects:overview", args=[slug])
    newest = Run.objects.filter(project=runs.project).newest_first()[:20]
    pages = [reverse("runs:detail", args=[slug, run.uuid]) for run in newest]
    queries = ("state=failed", "state=active", "period=week", f"experiment={runs.experiment.uuid}", "q=nightly+0042")
    return [
        *(overview, listed, listed, listed, reverse("projects:list"), reverse("runs:submissions", args=[slug])),
        *(f"{listed}?{query}" for query in queries),
        *pages[:6],
        *(f"{page}?tab=log" for page in pages[6:9]),
        *(f"{page}?tab=events" for page in pages[9:11]),
        *(f"{page}live/" for page in pages[11:14]),
        *(reverse(f"projects:{name}", args=[slug]) for name in ("experiments", "activity", "code")),
        *(reverse(f"schedules:{name}", args=[slug]) for name in ("list", "calendar")),
    ]


def _p95(url: str, cookie: str, paths: Sequence[str]) -> float:
    """In seconds, of all pages."""
    command = [sys.executable, "-m", "bench.readers", url, cookie]
    done = subprocess.run(
        command, cwd=TOP, input=json.dumps(paths), stdout=subprocess.PIPE, text=True, check=True, timeout=600
    )
    taken: list[float] = json.loads(done.stdout)
    return quantiles(taken, n=20)[-1]
