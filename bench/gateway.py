"""Programs that log through the gateway, beside programs that log straight to MLflow: the same in turn."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from statistics import median
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from bench.ground import Ground
from bench.harness import Result
from bench.memory import Peak, peak_memory
from bench.visitor import HOST
from connections.mlflow.for_workers import control
from mantik.tokens.models import Scope
from mantik.tokens.services import make_token
from mantik.up.web import web_service
from runs.models import Run
from runs.tracking.local_runs import start_local_run
from tests.support import factories

_LOGGERS = 32
_SECONDS = 10.0
_ROUNDS = 3
_FILE_BYTES = 1024**3
_PIECE = b"\0" * 1024 * 1024
_SERVERS = ("granian", "connections.mlflow.server")
_API = "/api/2.0/mlflow"
_BASELINE = "straight at MLflow"


@dataclass
class Target:
    """Where programs log: an address, and the header that lets them in."""

    host: str
    port: int
    path: str
    token: str
    failures: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self) -> HTTPConnection:
        return HTTPConnection(self.host, self.port, timeout=120)

    def ask(self, http: HTTPConnection, method: str, path: str, body: object) -> bool:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            http.request(method, f"{self.path}{path}", json.dumps(body), headers)
            response = http.getresponse()
            response.read()
        except (OSError, HTTPException):
            http.close()
            return False
        return response.status == 200


def rate(ground: Ground) -> Iterator[Result]:
    """Requests a second of 32 programs, each of which logs one metric after the other to a run of its own."""
    with ground.running(web_service(host=HOST, port=ground.port)):
        gateway, direct, runs = _targets(ground)
        try:
            rounds = [(_logged(direct, runs), _logged(gateway, runs)) for _ in range(_ROUNDS)]
        finally:
            Run.objects.all().delete()
    straight, through = (median(column) for column in zip(*rounds, strict=True))
    yield Result("gateway.rate.32", through, "/s", straight, _BASELINE, more_is_better=True)
    yield Result("gateway.failures.32", gateway.failures, "")


def artifact(ground: Ground) -> Iterator[Result]:
    """Memory that the web server and MLflow have above their rest while 1 GiB goes up, and down again."""
    with ground.running(web_service(host=HOST, port=ground.port)):
        gateway, _, [run, *_] = _targets(ground)
        own = f"{run.mlflow_experiment_id}/{run.mlflow_run_id}/artifacts"
        place = f"/api/2.0/mlflow-artifacts/artifacts/{own}/large.bin"
        try:
            rests = [Peak() for _ in _SERVERS]
            for server, rest in zip(_SERVERS, rests, strict=True):
                rest.look(os.getpid(), server)
            with ExitStack() as watching:
                peaks = [watching.enter_context(peak_memory(os.getpid(), server)) for server in _SERVERS]
                begin = time.monotonic()
                _send(gateway, place)
                sent = time.monotonic()
                _fetch(gateway, place)
                fetched = time.monotonic()
        finally:
            Run.objects.all().delete()
    up, down = (_FILE_BYTES / 2**20 / took for took in (sent - begin, fetched - sent))
    ground.say("gateway", f"up {up:.0f} MiB/s, down {down:.0f} MiB/s")
    above = sum(max(peak.mebibytes - rest.mebibytes, 0) for peak, rest in zip(peaks, rests, strict=True))
    yield Result("gateway.artifact.memory", above, "MiB")


def _targets(ground: Ground) -> tuple[Target, Target, list[Run]]:
    settings.MANTIK_MLFLOW_URI = ground.mlflow_uri
    project, now = factories.make_project(), timezone.now()
    user = factories.join(project)
    tomorrow = now + timedelta(days=1)
    _, token = make_token(user=user, name=uuid.uuid4().hex, scope=Scope.SUBMIT, expires_at=tomorrow, now=now)
    experiment = factories.make_experiment(project=project)
    experiment.mlflow_experiment_id = control().ensure_experiment(experiment.mlflow_name)
    experiment.save()
    runs = []
    for number in range(_LOGGERS):
        made = control().create_run(experiment.mlflow_experiment_id, name=f"{number}", tags={}, start_time=now)
        run = start_local_run(
            experiment=experiment, user=user, name=f"{number}", mlflow_run_id=made, source="", commit="", now=now
        )
        runs.append(run)
    mlflow = urlsplit(ground.mlflow_uri)
    assert mlflow.hostname
    assert mlflow.port
    direct = Target(mlflow.hostname, mlflow.port, "", settings.MANTIK_MLFLOW_TOKEN)
    return Target(HOST, ground.port, "/tracking", token), direct, runs


def _logged(target: Target, runs: list[Run]) -> float:
    """Requests a second."""
    until, counts = time.monotonic() + _SECONDS, [0] * len(runs)

    def log(number: int) -> None:
        with closing(target.open()) as http:
            while time.monotonic() < until:
                step = counts[number]
                body = {
                    "run_id": runs[number].mlflow_run_id,
                    "key": "loss",
                    "value": 1 / (step + 1),
                    "timestamp": time.time_ns() // 1_000_000,
                    "step": step,
                }
                if target.ask(http, "POST", f"{_API}/runs/log-metric", body):
                    counts[number] += 1
                else:
                    with target.lock:
                        target.failures += 1

    threads = [threading.Thread(target=log, args=(number,)) for number in range(len(runs))]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - begin)


def _send(target: Target, place: str) -> None:
    with closing(target.open()) as http:
        headers = {"Authorization": f"Bearer {target.token}", "Content-Length": str(_FILE_BYTES)}
        pieces = (_PIECE for _ in range(_FILE_BYTES // len(_PIECE)))
        http.request("PUT", f"{target.path}{place}", pieces, headers)
        response = http.getresponse()
        assert response.status == 200, response.read()


def _fetch(target: Target, place: str) -> None:
    with closing(target.open()) as http:
        http.request("GET", f"{target.path}{place}", headers={"Authorization": f"Bearer {target.token}"})
        response, size = http.getresponse(), 0
        assert response.status == 200
        while piece := response.read(len(_PIECE)):
            size += len(piece)
    assert size == _FILE_BYTES
