"""What pages cost the server at least, in this process: their frame, and while nothing is new their live part."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from statistics import median, quantiles

from django.test import Client, override_settings
from django.urls import reverse

from bench.frame_urls import FRAME
from bench.ground import Ground
from bench.harness import Result
from bench.postgresql import SUFFIX, on_postgresql
from runs.models import Run
from runs.states import RunState
from tests.support import factories

_RUNS = 50
_ACTIVE = 10
_ROUNDS = 200
_WARM = 5
_BASELINE = "the same part drawn each time"


def live(ground: Ground) -> Iterator[Result]:
    """On PostgreSQL."""
    for result in on_postgresql("bench.live:measured", ground):
        yield replace(result, name=result.name.removesuffix(SUFFIX))


def measured(_ground: Ground) -> Iterator[Result]:
    run = _runs()
    client = Client(SERVER_NAME="localhost")
    client.force_login(run.created_by)
    slug = run.project.slug
    for name, path in (
        ("page.live", reverse("runs:live", args=[slug, run.uuid])),
        ("page.live.list", reverse("runs:list", args=[slug])),
    ):
        same, drawn = _take(client, path)
        yield Result(name, median(same), "ms", median(drawn), _BASELINE)
        yield Result(f"{name}.p95", _p95(same), "ms", _p95(drawn), _BASELINE)
    with override_settings(ROOT_URLCONF="bench.frame_urls"):
        frames = [ask(client, FRAME, status=200)[1] for _ in range(_ROUNDS)][_WARM:]
    yield Result("page.frame", median(frames), "ms")


def _runs() -> Run:
    """One of the active runs of a project with a full page of runs."""
    run = factories.make_run(RunState.RUNNING)
    alike = {
        name: getattr(run, name) for name in ("project", "created_by", "experiment", "code_repository", "connection")
    }
    for number in range(_RUNS):
        factories.make_run(RunState.RUNNING if number < _ACTIVE else RunState.FINISHED, **alike)
    return run


def _take(client: Client, path: str) -> tuple[list[float], list[float]]:
    """Milliseconds of the request with nothing new, and of the one that draws the part, in turn."""
    same, drawn = [], []
    for _ in range(_ROUNDS):
        text, took = ask(client, path, status=200)
        drawn.append(took)
        found = re.search(r'data-live="([^"]+)"', text)
        assert found
        same.append(ask(client, path, found[1], status=204)[1])
    # The first ones also import modules, compile templates and make statements.
    return same[_WARM:], drawn[_WARM:]


def ask(client: Client, path: str, stamp: str = "", *, status: int) -> tuple[str, float]:
    begin = time.perf_counter()
    answer = client.get(path, headers={"Mantik-Live": stamp})
    took = (time.perf_counter() - begin) * 1000
    assert answer.status_code == status, (path, answer.status_code)
    return answer.content.decode(), took


def _p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]
