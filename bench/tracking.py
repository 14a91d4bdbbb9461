"""What many jobs log at once through their relays, beside programs that log as much straight to MLflow; and how soon
what a job without a network logs is on the page of its run."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPException
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bench.ground import Ground
from bench.harness import Result
from connections.mlflow.for_workers import control, history
from mantik.demo.sandbox.cut_off import is_possible
from mantik.lib.leases import take
from mantik.up.ports import LOOPBACK
from mantik.up.stack import Options, Stack
from runs.models import JobTracking, Journal, MetricSummary, Run
from runs.states import RunState
from runs.tracking.journals.apply import apply_journal
from tests.runs.job.relay.relays import JOURNAL, SECRET, Relay, oldest_python
from tests.runs.tracking.journals.local_source import LocalSource
from tests.support import factories
from tests.support.world import World

_JOBS, _PER_SECOND, _SECONDS = 32, 50, 20
_KEY, _API = "loss", "/api/2.0/mlflow/runs/log-metric"
_DIRECT = "straight at MLflow, each as often as it can, up to 50 times a second"
_PATIENCE_SECONDS = 300
_TICK, _TICKS, _TICK_SECONDS, _LOOK_SECONDS = "tick", 30, 1.0, 0.25
_MLPROJECT = """\
name: ticking
entry_points:
  main:
    parameters:
      marks: {type: path}
    command: "python3 ticking.py"
"""
# Its value is the time at which it was logged.
_TICKING = f"""\
import json, os, time, urllib.request
uri, run = os.environ["MLFLOW_TRACKING_URI"], os.environ["MLFLOW_RUN_ID"]
opener = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))
for step in range({_TICKS}):
    now = time.time()
    point = {{"run_id": run, "key": "{_TICK}", "value": now, "timestamp": int(now * 1000), "step": step}}
    request = urllib.request.Request(uri + "{_API}", json.dumps(point).encode(), {{"Content-Type": "application/json"}})
    opener.open(request).read()
    time.sleep({_TICK_SECONDS})
"""


class _Training(threading.Thread):
    """Logs a metric so many times a second, for some seconds, or as often as it can if that is less."""

    def __init__(self, uri: str, run_id: str, *, token: str = "") -> None:
        super().__init__(daemon=True)
        self._at, self._run_id = urlsplit(uri), run_id
        self._headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        self.logged = self.failed = 0

    def run(self) -> None:
        begin = time.monotonic()
        with closing(HTTPConnection(str(self._at.hostname), self._at.port, timeout=120)) as http:
            for step in range(_PER_SECOND * _SECONDS):
                time.sleep(max(0.0, begin + step / _PER_SECOND - time.monotonic()))
                if time.monotonic() - begin > _SECONDS:
                    return
                self._log(http, step)

    def _log(self, http: HTTPConnection, step: int) -> None:
        point = {"run_id": self._run_id, "key": _KEY, "value": step / 7, "timestamp": step, "step": step}
        try:
            http.request("POST", f"{self._at.path}{_API}", json.dumps(point), self._headers)
            answer = http.getresponse()
            answer.read()
        except (OSError, HTTPException):
            http.close()
            self.failed += 1
            return
        self.logged += answer.status == 200
        self.failed += answer.status != 200


def points(ground: Ground) -> Iterator[Result]:
    settings.MANTIK_MLFLOW_URI = ground.mlflow_uri
    try:
        straight = _straight(ground)
        through, failed = _through_relays(ground)
    finally:
        Run.objects.all().delete()
    yield Result("tracking.points.32", through, "/s", straight, _DIRECT, more_is_better=True)
    yield Result("tracking.failures.32", failed, "")


def _straight(ground: Ground) -> float:
    """Points a second that MLflow takes of 32 programs."""
    runs = _new_runs()
    token = str(settings.MANTIK_MLFLOW_TOKEN)
    trainings = [_Training(ground.mlflow_uri, run.mlflow_run_id, token=token) for run in runs]
    took = _run_all(trainings)
    logged, failed = sum(one.logged for one in trainings), sum(one.failed for one in trainings)
    ground.say("tracking", f"straight: {logged:,} points in {took:.1f} s, {failed} calls failed")
    return logged / took


def _through_relays(ground: Ground) -> tuple[float, int]:
    """Points a second from the first call until MLflow has all of them, which is written to meanwhile; and how many
    calls failed, or points did not arrive, or arrived twice."""
    runs = _new_runs()
    with ExitStack() as exits:
        relays = [_relay(exits, ground, run) for run in runs]
        trainings = [
            _Training(f"http://{LOOPBACK}:{one.port}/{SECRET}", run.mlflow_run_id)
            for one, run in zip(relays, runs, strict=True)
        ]
        begin = time.monotonic()
        for training in trainings:
            training.start()
        while any(training.is_alive() for training in trainings):
            _apply_all(runs, relays, is_over=False)
        logging = time.monotonic() - begin
        for relay in relays:
            relay.hang_up()
        _apply_all(runs, relays, is_over=True)
        took = time.monotonic() - begin
    logged = sum(training.logged for training in trainings)
    wrong = sum(abs(_in_mlflow(run) - one.logged) for run, one in zip(runs, trainings, strict=True))
    wrong += sum(abs(_counted(run) - one.logged) for run, one in zip(runs, trainings, strict=True))
    ground.say("tracking", f"relays: {logged:,} points in {logging:.1f} s, all in MLflow after {took:.1f} s")
    return logged / took, wrong + sum(training.failed for training in trainings)


def _new_runs() -> list[Run]:
    project, now = factories.make_project(), timezone.now()
    experiment = factories.make_experiment(project=project)
    experiment.mlflow_experiment_id = control().ensure_experiment(experiment.mlflow_name)
    experiment.save()
    made = []
    for number in range(_JOBS):
        run = factories.make_run(RunState.RUNNING, project=project, experiment=experiment)
        run.mlflow_experiment_id = experiment.mlflow_experiment_id
        run.mlflow_run_id = control().create_run(
            run.mlflow_experiment_id, name=f"job {number}", tags={}, start_time=now
        )
        run.save()
        factories.make_job_tracking(run)
        factories.make_journal(run, JOURNAL)
        made.append(run)
    return made


def _relay(exits: ExitStack, ground: Ground, run: Run) -> Relay:
    about = {"run_id": run.mlflow_run_id, "experiment_id": run.mlflow_experiment_id}
    relay = Relay(ground.place("relay"), oldest_python() or sys.executable, **about)
    relay.start()
    exits.callback(_end, relay)
    return relay


def _end(relay: Relay) -> None:
    if not relay.is_over():
        relay.kill()


def _run_all(trainings: Sequence[_Training]) -> float:
    """How many seconds they took."""
    begin = time.monotonic()
    for training in trainings:
        training.start()
    for training in trainings:
        training.join()
    return time.monotonic() - begin


def _apply_all(runs: Sequence[Run], relays: Sequence[Relay], *, is_over: bool) -> None:
    """As a worker does, one job after the other."""
    for run, relay in zip(runs, relays, strict=True):
        lease = take(JobTracking.objects.all(), key=run.job_tracking.pk, now=timezone.now())
        assert lease is not None
        apply_journal(
            run,
            Journal.objects.get(run=run, name=JOURNAL),
            LocalSource(relay.folder),
            lease=lease,
            job_tracking=run.job_tracking,
            is_over=is_over,
            stop=lambda: False,
            clock=timezone.now,
        )
        lease.give_back()


def _in_mlflow(run: Run) -> int:
    return sum(len(page) for page in history().points(run.mlflow_run_id, _KEY))


def _counted(run: Run) -> int:
    return MetricSummary.objects.get(run=run, name__key=_KEY).count


# A node without a network


def carried(ground: Ground) -> Iterator[Result]:
    """Seconds from a call in the training until its value is in what the open page of its run asks for."""
    assert is_possible(), "This machine makes no network namespaces for us."
    options = Options(data_dir=ground.data_dir, port=ground.port, mlflow_uri=ground.mlflow_uri)
    with (
        ground.site(slots=1, cut_off=True) as site,
        Stack(options, output=ground.say),
        ground.world(site, files={"MLproject": _MLPROJECT, "ticking.py": _TICKING}) as world,
    ):
        lags = _watched(world.start_run("ticking"), world, ground)
    ground.say("tracking", f"of {len(lags)} values half came after {median(lags):.1f} s")
    yield Result("tracking.carried_lag", max(lags), "s")


def _watched(run: Run, world: World, ground: Ground) -> list[float]:
    """Looks at the page until the job has ended. For each value that was seen, how late it was first seen or passed."""
    browser = Client()
    browser.force_login(world.user)
    cookies = {settings.SESSION_COOKIE_NAME: browser.cookies[settings.SESSION_COOKIE_NAME].value}
    live = reverse("runs:live", args=[run.project.slug, run.uuid])
    points = reverse("runs:metric-points", args=[run.project.slug, run.uuid])
    seen: dict[float, float] = {}
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with httpx.Client(
        base_url=f"http://{LOOPBACK}:{ground.port}", cookies=cookies, trust_env=False, timeout=60
    ) as page:
        while len(seen) < _TICKS:
            assert time.monotonic() < deadline, f"After {_PATIENCE_SECONDS} s the page had {len(seen)} values."
            page.get(live).raise_for_status()
            for value in _drawn(page.get(points, params={"key": _TICK}).raise_for_status().json()):
                seen.setdefault(value, time.time() - value)
            time.sleep(_LOOK_SECONDS)
    return list(seen.values())


def _drawn(answer: dict[str, Any]) -> list[float]:
    """The page has room for more than `_TICKS` points, so none of them is left out."""
    return [value for metric in answer["metrics"] for line in metric["lines"].values() for value in line["values"]]
