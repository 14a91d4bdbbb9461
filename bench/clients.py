"""What clients that are slow or idle cost the others: pages with and without them, through the real web server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from django.conf import settings
from django.test import Client
from django.urls import reverse

from bench.ground import TOP, Ground
from bench.harness import Result
from bench.memory import Peak, peak_memory
from mantik.up.web import address, web_service
from runs.following.log_ranges import CHUNK
from runs.models import Run, RunLogChunk
from runs.states import RunState
from tests.support import factories

_HOST = "127.0.0.1"
_SERVER = "granian"
_RUNS = 50
_ROUNDS = 60
_LOG_BYTES = 20_000_000
_BASELINE = "the same without them"


def clients(ground: Ground) -> Iterator[Result]:
    run = _runs()
    try:
        with ground.running(web_service(host=_HOST, port=ground.port)), _browser(ground, run) as browser:
            paths = _paths(run)
            _pages(browser, paths, rounds=3)
            alone, _ = _pages(browser, paths, rounds=_ROUNDS)
            rest = Peak()
            rest.look(os.getpid(), _SERVER)
            with _bad_clients(ground, run, browser), peak_memory(os.getpid(), _SERVER) as peak:
                beside, alive = _pages(browser, paths, rounds=_ROUNDS)
    finally:
        Run.objects.all().delete()
    yield Result("isolation.clients", beside, "s", alone, _BASELINE)
    yield Result("isolation.clients.healthz", alive, "s")
    yield Result("isolation.clients.memory", max(peak.mebibytes - rest.mebibytes, 0), "MiB")


def _runs() -> Run:
    """The last of several runs of a project, with a long log."""
    project = factories.make_project()
    for _ in range(_RUNS):
        run = factories.make_run(RunState.FINISHED, project=project)
    chunks = range(0, _LOG_BYTES, CHUNK)
    RunLogChunk.objects.bulk_create(RunLogChunk(run=run, offset=offset, content=b"." * CHUNK) for offset in chunks)
    Run.objects.filter(pk=run.pk).update(log_size=len(chunks) * CHUNK)
    return run


def _paths(run: Run) -> list[str]:
    slug = run.project.slug
    return [
        reverse("projects:list"),
        reverse("runs:list", args=[slug]),
        reverse("runs:detail", args=[slug, run.uuid]),
        reverse("runs:live", args=[slug, run.uuid]),
    ]


def _browser(ground: Ground, run: Run) -> httpx.Client:
    client = Client()
    client.force_login(run.created_by)
    name = settings.SESSION_COOKIE_NAME
    return httpx.Client(
        base_url=address(_HOST, ground.port), cookies={name: client.cookies[name].value}, trust_env=False, timeout=60
    )


def _pages(browser: httpx.Client, paths: list[str], *, rounds: int) -> tuple[float, float]:
    """The time of all but one in twenty pages, and the longest of /healthz, in seconds."""
    pages: list[float] = []
    alive: list[float] = []
    for _ in range(rounds):
        pages += [_seconds(browser, path) for path in paths]
        alive.append(_seconds(browser, "/healthz"))
    return sorted(pages)[int(len(pages) * 0.95)], max(alive)


def _seconds(browser: httpx.Client, path: str) -> float:
    begin = time.perf_counter()
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return time.perf_counter() - begin


@contextmanager
def _bad_clients(ground: Ground, run: Run, browser: httpx.Client) -> Iterator[None]:
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    path = reverse("runs:raw-log", args=[run.project.slug, run.uuid])
    command = [sys.executable, "-m", "bench.bad_clients", str(ground.port), path, cookie]
    process = subprocess.Popen(command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.stdin.close()
        process.wait()
