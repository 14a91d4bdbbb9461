"""How soon a large log is on the page of its run, once its job is over: first its end, then all that is kept of it.

The whole of it: a job of the sandbox site, the site's notification, broker, worker, database and web server. The page
is open meanwhile, as somebody's who waits for the end.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import httpx
from django.conf import settings
from django.test import Client
from django.urls import reverse

from bench.ground import Ground
from bench.harness import Result
from bench.watched_site import Site
from mantik.up.ports import LOOPBACK
from mantik.up.stack import Options, Stack
from runs.models import Run
from runs.states import RunState
from tests.support.world import World

_ROUNDS = 3
_BYTES = 300_000_000
_SECONDS = 5
_LAST = "this is the very end"
_PATIENCE_SECONDS = 600
_TICK_SECONDS = 0.25
_BEYOND_ANY_END = 2**53 - 1
_MLPROJECT = """\
name: chatty
entry_points:
  main:
    parameters:
      marks: {type: path}
    command: "python3 chatty.py {marks}"
"""
# Lines as a training writes them, spread over the time.
_CHATTY = f"""\
import sys, time
line = "step %09d  loss 0.0312  lr 0.0008  grad 1.73  samples/s 48210 " + "." * 32
begin = time.monotonic()
for part in range(100):
    count = {_BYTES} // 100 // 100
    sys.stdout.write("".join(line % (part * count + at) + "\\n" for at in range(count)))
    sys.stdout.flush()
    time.sleep(max(0, begin + (part + 1) * {_SECONDS} / 100 - time.monotonic()))
print("{_LAST}")
"""


def lags(ground: Ground) -> Iterator[Result]:
    options = Options(data_dir=ground.data_dir, port=ground.port, mlflow_uri=ground.mlflow_uri)
    with (
        ground.site(slots=1) as site,
        Stack(options, output=ground.say),
        ground.world(site, files={"MLproject": _MLPROJECT, "chatty.py": _CHATTY}) as world,
    ):
        taken = [_lags_of_one(site, world, ground) for _ in range(_ROUNDS)]
    yield Result("log.tail_lag", median(tail for tail, _ in taken), "s")
    yield Result("log.all_lag", median(whole for _, whole in taken), "s")


def _lags_of_one(site: Site, world: World, ground: Ground) -> tuple[float, float]:
    """Seconds from the job's end until its end is on the page, and until all that is kept of it is."""
    run = world.start_run("chatty")
    seen = _watch(_Page(run, world, ground))
    run.refresh_from_db()
    assert run.state == RunState.FINISHED, run.outcome
    ended = site.changes()[run.job_url.rpartition("/")[2]]["SUCCESSFUL"]
    lags = seen["tail"] - ended, seen["all"] - ended
    ground.say("log", f"tail {lags[0]:.1f} s, all {lags[1]:.1f} s after the end")
    return lags


class _Page:
    """The part of it that asks for the log."""

    def __init__(self, run: Run, world: World, ground: Ground) -> None:
        browser = Client()
        browser.force_login(world.user)
        path = reverse("runs:log", args=[run.project.slug, run.uuid])
        name = settings.SESSION_COOKIE_NAME
        self._url = f"http://{LOOPBACK}:{ground.port}{path}"
        self._client = httpx.Client(cookies={name: browser.cookies[name].value}, trust_env=False, timeout=60)

    def __enter__(self) -> _Page:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def part(self, offset: int) -> tuple[dict[str, Any], str]:
        """What is said of it, and its text."""
        answer = self._client.get(self._url, params={"offset": offset}).raise_for_status()
        return json.loads(answer.headers["Mantik-Log"]), answer.text


def _watch(page: _Page) -> dict[str, float]:
    """When (time.time) the end was on the page, and when all was."""
    seen: dict[str, float] = {}
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with page:
        while "all" not in seen:
            assert time.monotonic() < deadline, f"It took longer than {_PATIENCE_SECONDS} s."
            about, _ = page.part(_BEYOND_ANY_END)
            _, text = page.part(max(0, about["offset"] - 1000))
            if _LAST in text:
                seen.setdefault("tail", time.time())
            if about["complete"]:
                seen["all"] = time.time()
            time.sleep(_TICK_SECONDS)
    return seen
