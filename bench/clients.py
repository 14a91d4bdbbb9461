"""What clients that are slow or idle cost the others: pages with and without them, through the real web server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from django.urls import reverse

from bench.ground import TOP, Ground
from bench.harness import Result
from bench.memory import Peak, peak_memory
from bench.visitor import HOST, cookie_of, read_pages, some_pages, visitor
from mantik.up.web import web_service
from runs.following.log_ranges import CHUNK
from runs.models import Run, RunLogChunk
from runs.states import RunState
from tests.support import factories

_SERVER = "granian"
_RUNS = 50
_ROUNDS = 60
_LOG_BYTES = 20_000_000
_BASELINE = "the same without them"


def clients(ground: Ground) -> Iterator[Result]:
    run = _runs()
    try:
        with ground.running(web_service(host=HOST, port=ground.port)), visitor(ground, run.created_by) as browser:
            paths = some_pages(run)
            read_pages(browser, paths, rounds=3)
            alone, _ = read_pages(browser, paths, rounds=_ROUNDS)
            rest = Peak()
            rest.look(os.getpid(), _SERVER)
            with _bad_clients(ground, run, browser), peak_memory(os.getpid(), _SERVER) as peak:
                beside, alive = read_pages(browser, paths, rounds=_ROUNDS)
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


@contextmanager
def _bad_clients(ground: Ground, run: Run, browser: httpx.Client) -> Iterator[None]:
    path = reverse("runs:raw-log", args=[run.project.slug, run.uuid])
    command = [sys.executable, "-m", "bench.bad_clients", str(ground.port), path, cookie_of(browser)]
    process = subprocess.Popen(command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.stdin.close()
        process.wait()
