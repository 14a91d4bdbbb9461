"""What an MLflow that stands still costs pages: the others, while 24 pages that ask it are open."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from django.urls import reverse

from bench.ground import TOP, Ground
from bench.harness import Result
from bench.memory import find_process
from bench.visitor import HOST, cookie_of, read_pages, some_pages, visitor
from mantik.up.web import address, web_service
from runs.models import Run
from runs.states import RunState
from tests.support import factories

_OPEN = 24
_ROUNDS = 60
_SERVER = "connections.mlflow.server"


def pages(ground: Ground) -> Iterator[Result]:
    project = factories.make_project()
    runs = [factories.make_run(RunState.RUNNING, project=project) for _ in range(_OPEN)]
    assert ground.mlflow_uri
    try:
        with (
            ground.running(web_service(host=HOST, port=ground.port)),
            visitor(ground, runs[0].created_by) as browser,
            _open_pages(ground, runs, browser),
        ):
            paths = some_pages(runs[0])
            read_pages(browser, paths, rounds=3)
            usual, _ = read_pages(browser, paths, rounds=_ROUNDS)
            with _frozen_mlflow():
                _say_that_they_are_in_mlflow(runs)
                beside, alive = read_pages(browser, paths, rounds=_ROUNDS)
    finally:
        Run.objects.all().delete()
    yield Result("isolation.mlflow", beside, "s", usual, "the same with open pages of runs that are not in MLflow")
    yield Result("isolation.mlflow.healthz", alive, "s")


def _say_that_they_are_in_mlflow(runs: list[Run]) -> None:
    for run in runs:
        Run.objects.filter(pk=run.pk).update(mlflow_run_id=run.uuid.hex)


@contextmanager
def _frozen_mlflow() -> Iterator[None]:
    pid = find_process(os.getpid(), _SERVER)
    assert pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def _open_pages(ground: Ground, runs: list[Run], browser: httpx.Client) -> Iterator[None]:
    command = [sys.executable, "-m", "bench.open_pages", address(HOST, ground.port), cookie_of(browser)]
    process = subprocess.Popen(command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        for run in runs:
            live, metrics = (reverse(f"runs:{name}", args=[run.project.slug, run.uuid]) for name in ("live", "metrics"))
            process.stdin.write(f"{live} {metrics}\n")
        process.stdin.write("end\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.stdin.close()
        process.wait()
