"""What a neighbour costs that hangs, or that has much to do: the same with and without it, one after the other.

All of it with the real broker, workers and beat, as `manage.py up` starts them. The baseline is the undisturbed case.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from statistics import median

from bench.ground import Ground
from bench.harness import Result
from mantik.up.stack import Options, Stack
from runs.models import Run
from runs.states import RunState
from tests.support.factories import make_connection, make_site
from tests.support.fetching import ask_workers
from tests.support.silent_host import SilentHost
from tests.support.world import World

_TRIES = 5
_RUNS_OF_SILENT_SITE = 200
_RUNS_OF_OTHER_PROJECT = 500
_PATIENCE_SECONDS = 300
_TICK_SECONDS = 0.01
_BASELINE = "the same without it"
_MLPROJECT = """\
name: nothing
entry_points:
  main:
    parameters:
      marks: path
    command: "test -d {marks}"
"""
_FILES = {"MLproject": _MLPROJECT}


def site(ground: Ground) -> Iterator[Result]:
    """Beside a site that takes every connection and never answers, with 200 runs that wait for it."""
    with _stack(ground) as world, closing(SilentHost()) as host:
        # The first of each signs in, and fills what is kept from then on.
        _finish_one(world), _fetch(world)
        run_alone, fetch_alone = _median(lambda: _finish_one(world)), _median(lambda: _fetch(world))
        silent = make_connection(owner=world.user, site=make_site(name="Silent", base_url=host.site_url))
        _start_runs(replace(world, connection=silent), _RUNS_OF_SILENT_SITE)
        # From the first moment on, when nobody knows yet that it is silent.
        run_beside, fetch_beside = _median(lambda: _finish_one(world)), _median(lambda: _fetch(world))
        waiting = Run.objects.filter(connection=silent, state__in=[RunState.PENDING, RunState.SUBMITTING])
        assert waiting.count() == _RUNS_OF_SILENT_SITE
    yield Result("isolation.site", run_beside, "s", run_alone, _BASELINE)
    yield Result("isolation.git", fetch_beside, "s", fetch_alone, _BASELINE)


def project(ground: Ground) -> Iterator[Result]:
    """Until a run is at its site, to which 500 runs of another project are to be submitted, too."""
    with ground.site(slots=0) as at_site, _running(ground), ground.world(at_site, files=_FILES) as world:
        _submit_one(world)
        alone = _median(lambda: _submit_one(world))
        with ground.world(at_site, files=_FILES) as other:
            _start_runs(other, _RUNS_OF_OTHER_PROJECT)
            beside = _median(lambda: _submit_one(world))
            left = Run.objects.filter(project=other.project, state=RunState.PENDING).count()
            assert left, "The other project had nothing left to do, so that it was no neighbour."
    yield Result("isolation.project", beside, "s", alone, _BASELINE)


@contextmanager
def _stack(ground: Ground) -> Iterator[World]:
    with ground.site(slots=4) as at_site, _running(ground), ground.world(at_site, files=_FILES) as world:
        yield world


def _running(ground: Ground) -> Stack:
    options = Options(data_dir=ground.data_dir, port=ground.port, mlflow_uri=ground.mlflow_uri)
    return Stack(options, output=ground.say)


def _start_runs(world: World, count: int) -> None:
    for number in range(count):
        world.start_run(f"neighbour {number}")


def _finish_one(world: World) -> float:
    run = world.start_run("ours")
    return _seconds_until(lambda: Run.objects.filter(pk=run.pk, state=RunState.FINISHED).exists())


def _submit_one(world: World) -> float:
    run = world.start_run("ours")
    return _seconds_until(lambda: Run.objects.filter(pk=run.pk, state=RunState.QUEUED).exists())


def _fetch(world: World) -> float:
    return _seconds_until(ask_workers(world.code))


def _median(measure: Callable[[], float]) -> float:
    return median(measure() for _ in range(_TRIES))


def _seconds_until(is_so: Callable[[], bool]) -> float:
    begin = time.monotonic()
    while not is_so():
        assert time.monotonic() - begin < _PATIENCE_SECONDS, f"It took longer than {_PATIENCE_SECONDS} s."
        time.sleep(_TICK_SECONDS)
    return time.monotonic() - begin
