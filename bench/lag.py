"""How soon a reader of a run's row learns that its job has ended.

The whole of it: the site's notification, the real web server, broker and worker. The baseline are jobs of the same
site and stack that nobody is told about, which the sweep finds when their time has come.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from statistics import median

from django.utils import timezone

from bench.ground import Ground
from bench.harness import Result
from bench.watched_site import SILENT, Site
from mantik.up.stack import Options, Stack
from runs.models import Run
from runs.states import TERMINAL, RunState
from tests.support.world import World

_TOLD = 10
_UNTOLD = 5
# Longer than the sweep leaves a job alone, which the silent ones spread over.
_SPREAD_SECONDS = 30
_PATIENCE_SECONDS = 120
_TICK_SECONDS = 0.01
_BASELINE = "the same without notifications: a sweep every 30 s"
# Each job waits at a gate of its own, a named pipe, until it is opened.
_MLPROJECT = """\
name: gates
entry_points:
  main:
    parameters:
      marks: {type: path}
      gate: string
    command: "cat {marks}/{gate}"
"""


def lag(ground: Ground) -> Iterator[Result]:
    options = Options(data_dir=ground.data_dir, port=ground.port, mlflow_uri=ground.mlflow_uri)
    with (
        ground.site(slots=_TOLD + _UNTOLD) as site,
        Stack(options, output=ground.say),
        ground.world(site, files={"MLproject": _MLPROJECT}) as world,
    ):
        told, untold = _lags(site, world)
    yield Result("follow.lag", median(told), "s", median(untold), _BASELINE)
    yield Result("follow.lag.max", max(told), "s", max(untold), _BASELINE)


def _lags(site: Site, world: World) -> tuple[list[float], list[float]]:
    """Seconds for each job that the site tells about, and for each that it does not."""
    plan = _plan()
    runs = {gate: _start(world, gate) for gate in plan}
    _await_old_age(list(runs.values()))
    gates = {world.marks / gate: opens_after for gate, opens_after in plan.items()}
    seen = _open_and_watch(gates, list(runs.values()))
    changes = site.changes()
    lags: dict[bool, list[float]] = {True: [], False: []}
    for gate, run in runs.items():
        run.refresh_from_db()
        assert run.state == RunState.FINISHED, run.outcome
        ended = changes[run.job_url.rpartition("/")[2]]["SUCCESSFUL"]
        lags[gate.startswith(SILENT)].append(seen[run.pk] - ended)
    return lags[False], lags[True]


def _plan() -> dict[str, float]:
    """When, in seconds, which gate is opened: one after the other, and the silent ones in between."""
    told = {f"told-{number}": number * _SPREAD_SECONDS / _TOLD for number in range(_TOLD)}
    return told | {f"{SILENT}-{number}": number * _SPREAD_SECONDS / _UNTOLD for number in range(_UNTOLD)}


def _start(world: World, gate: str) -> Run:
    os.mkfifo(world.marks / gate)
    return world.start_run(gate, parameters={"gate": gate})


def _await_old_age(runs: list[Run]) -> None:
    """Until all jobs run and the sweep asks about them as seldom as about any that was submitted long ago."""
    ids = [run.pk for run in runs]
    _wait_until(lambda: Run.objects.filter(pk__in=ids, state=RunState.RUNNING).count() == len(ids))
    Run.objects.filter(pk__in=ids).update(submitted_at=timezone.now() - timedelta(hours=1))
    soon = timezone.now() + timedelta(seconds=_SPREAD_SECONDS - 5)
    _wait_until(lambda: not Run.objects.filter(pk__in=ids, next_poll_at__lt=soon).exists())


def _open_and_watch(gates: Mapping[Path, float], runs: list[Run]) -> dict[int, float]:
    """By run: when (time.time) its row first told that the job has ended."""
    closed, waiting, seen = dict(gates), {run.pk for run in runs}, dict[int, float]()
    begin = time.monotonic()

    def look() -> bool:
        for gate in [gate for gate, opens_after in closed.items() if time.monotonic() - begin >= opens_after]:
            if _open(gate):
                del closed[gate]
        for pk in Run.objects.filter(pk__in=waiting, state__in=TERMINAL).values_list("pk", flat=True):
            seen[pk] = time.time()
        waiting.difference_update(seen)
        return not waiting

    _wait_until(look)
    return seen


def _open(gate: Path) -> bool:
    """False while nobody waits there."""
    with suppress(OSError):
        pipe = os.open(gate, os.O_WRONLY | os.O_NONBLOCK)
        os.write(pipe, b"open\n")
        os.close(pipe)
        return True
    return False


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"It took longer than {_PATIENCE_SECONDS} s."
        time.sleep(_TICK_SECONDS)
