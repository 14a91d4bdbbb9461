"""A training that logs to the relay, beside the same training that logs to MLflow, and to a server that does nothing.

The client is MLflow's own, unmodified, in a process of its own, which measures each of its calls.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles

from django.conf import settings
from django.utils import timezone

from bench.ground import TOP, Ground
from bench.harness import Result
from connections.mlflow.for_workers import control
from tests.runs.job.relay.relays import RUN_ID, SECRET, Relay, oldest_python
from tests.support.fault_proxy import FaultProxy

_CALLS = 600
# The first calls import what is used for the first time.
_WARM = 100
_ROUNDS = 3
_FAR_SECONDS, _FAR_CALLS = 0.1, 60
_POINTS, _BATCH = 1_000_000, 1_000
_PER_SECOND, _SECONDS = 50, 20
_CLIENT = """
import json, os, sys, time
import mlflow

calls, pause = int(sys.argv[1]), float(sys.argv[2])
took = []
with mlflow.start_run():
    begin = time.monotonic()
    for step in range(calls):
        at = time.perf_counter()
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
        took.append((time.perf_counter() - at) * 1000)
        time.sleep(max(0.0, begin + (step + 1) * pause - time.monotonic()) if pause else 0)
print(json.dumps(took))
"""


def log_metric(ground: Ground) -> Iterator[Result]:
    """Milliseconds that a call takes: to the relay, to MLflow, to MLflow 100 ms away, to a server that does nothing."""
    with ExitStack() as exits:
        relay = exits.enter_context(_relay(ground))
        nothing = exits.enter_context(_nothing())
        through, direct, empty = [], [], []
        for _ in range(_ROUNDS):
            through.append(_took(f"http://127.0.0.1:{relay.port}/{SECRET}", RUN_ID))
            direct.append(_took(ground.mlflow_uri, _new_run(ground), token=settings.MANTIK_MLFLOW_TOKEN))
            empty.append(_took(nothing, RUN_ID))
        far = _took(
            exits.enter_context(_far(ground)), _new_run(ground), token=settings.MANTIK_MLFLOW_TOKEN, calls=_FAR_CALLS
        )
    p50, p99 = (median(column) for column in zip(*map(_percentiles, through), strict=True))
    direct50, direct99 = (median(column) for column in zip(*map(_percentiles, direct), strict=True))
    yield Result("relay.log_metric_ms", p50, "ms", direct50, "straight at MLflow, on the same machine")
    yield Result("relay.log_metric_ms.p99", p99, "ms", direct99, "straight at MLflow, on the same machine")
    yield Result("relay.log_metric_ms.far", p50, "ms", _percentiles(far)[0], "straight at MLflow, 100 ms away")
    at_once = median(_percentiles(took)[0] for took in empty)
    ground.say("relay", f"Python {relay.python}; at a server that does nothing: {at_once:.2f} ms")
    yield Result("relay.added_ms", p50 - at_once, "ms")


def weight(ground: Ground) -> Iterator[Result]:
    """Memory of a relay with a million points; and how much of a core it needs for 50 metrics a second."""
    with _relay(ground) as relay:
        for start in range(0, _POINTS, _BATCH):
            points = [
                {"key": f"m{step % 10}", "value": step / 7, "timestamp": 1_700_000_000_000 + step, "step": step}
                for step in range(start, start + _BATCH)
            ]
            relay.post("runs/log-batch", run_id=RUN_ID, metrics=points)
        yield Result("relay.memory", relay.resident() / 1e6, "MB")
    with _relay(ground) as relay:
        uri, before = f"http://127.0.0.1:{relay.port}/{SECRET}", _processor_seconds(relay)
        began = time.monotonic()
        _took(uri, RUN_ID, calls=_PER_SECOND * _SECONDS, pause=1 / _PER_SECOND)
        used = (_processor_seconds(relay) - before) / (time.monotonic() - began)
        yield Result("relay.cpu", used * 100, "% of a core")


@contextmanager
def _relay(ground: Ground) -> Iterator[Relay]:
    relay = Relay(ground.place("relay"), oldest_python() or sys.executable)
    relay.start()
    try:
        yield relay
    finally:
        relay.hang_up()


@contextmanager
def _nothing() -> Iterator[str]:
    """The address of a server that answers at once, whatever it is asked."""
    command = [sys.executable, "-m", "bench.nothing", RUN_ID]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=TOP) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


@contextmanager
def _far(ground: Ground) -> Iterator[str]:
    with FaultProxy(ground.mlflow_uri, label=lambda _, path: path, patience=60, kill=lambda: None) as proxy:
        proxy.delay = _FAR_SECONDS
        yield proxy.url


def _new_run(ground: Ground) -> str:
    settings.MANTIK_MLFLOW_URI = ground.mlflow_uri
    experiment = control().ensure_experiment("relay")
    return control().create_run(experiment, name="relay", tags={}, start_time=timezone.now())


def _took(uri: str, run_id: str, *, token: str = "", calls: int = _CALLS, pause: float = 0.0) -> list[float]:
    """Milliseconds of each call of an unmodified client."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(Path.home()),
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_RUN_ID": run_id,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        **({"MLFLOW_TRACKING_TOKEN": token} if token else {}),
    }
    command = [sys.executable, "-c", _CLIENT, str(calls), str(pause)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    took: list[float] = json.loads(done.stdout.splitlines()[-1])
    return took[min(_WARM, len(took) // 4) :]


def _percentiles(took: list[float]) -> tuple[float, float]:
    return median(took), quantiles(took, n=100)[98]


def _processor_seconds(relay: Relay) -> float:
    """With that of threads that have ended."""
    assert relay.process is not None
    fields = Path(f"/proc/{relay.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
