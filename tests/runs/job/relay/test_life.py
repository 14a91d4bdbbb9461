"""How the relay ends, what it measures, how large it gets, and for which Pythons it is written."""

from __future__ import annotations

import ast
import signal
import socket
import time
from pathlib import Path
from threading import Timer

import pytest

from tests.runs.job.relay.conftest import Start
from tests.runs.job.relay.relays import API, PROGRAM, RUN_ID, Relay, ask
from tests.support.proofs import Proved, trials
from tests.support.waiting import wait_until

METRIC = {"key": "loss", "value": 0.5, "timestamp": 5, "step": 0}


def end_of(relay: Relay) -> str:
    assert relay.process is not None
    assert relay.process.wait(20) == 0
    entries = relay.entries()
    assert (entries[-1]["k"], entries[-1]["clean"]) == ("end", True)
    return str(entries[-1]["why"])


def test_it_ends_when_the_job_hangs_up(relay: Relay) -> None:
    relay.post("runs/log-metric", run_id=RUN_ID, **METRIC)
    assert relay.hang_up() == 0
    assert end_of(relay) == "stdin"


def test_after_the_signal_it_serves_until_the_job_hangs_up(relay: Relay) -> None:
    """A training that is asked to stop writes its last words, of which MLflow has some."""
    relay.signal(signal.SIGTERM)
    wait_until(lambda: "until the training is over" in relay.log())
    relay.post("runs/log-metric", run_id=RUN_ID, **METRIC)
    assert relay.hang_up() == 0
    assert end_of(relay) == "stdin"
    assert len(relay.of_kind("metrics")) == 1


def test_the_second_signal_ends_it(relay: Relay) -> None:
    relay.signal(signal.SIGTERM)
    wait_until(lambda: "until the training is over" in relay.log())
    relay.signal(signal.SIGTERM)
    assert end_of(relay) == "signal"


def test_it_does_not_wait_for_ever(start: Start) -> None:
    relay = start(grace=0.5)
    relay.signal(signal.SIGTERM)
    assert end_of(relay) == "grace"


def test_a_terminal_does_not_end_it(relay: Relay) -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        relay.signal(number)
    relay.post("runs/log-metric", run_id=RUN_ID, **METRIC)


def test_what_is_acknowledged_while_it_ends_is_kept(relay: Relay) -> None:
    """And nothing is acknowledged after the last entry."""
    connection, told = relay.connect(), 0
    relay.signal(signal.SIGTERM)
    wait_until(lambda: "until the training is over" in relay.log())
    Timer(0.3, relay.signal, (signal.SIGTERM,)).start()
    try:
        for step in range(100_000):
            fields = {"run_id": RUN_ID, **METRIC, "step": step}
            assert ask(connection, "POST", f"{API}runs/log-metric", fields).status == 200
            told += 1
    except OSError:
        pass
    assert end_of(relay) == "signal"
    assert told <= len(relay.of_kind("metrics")) <= told + 1


# The node


def test_it_measures_the_node(start: Start) -> None:
    relay = start(sample=True, sample_every=0.1)
    wait_until(lambda: len(relay.of_kind("metrics")) > 3)
    latest = {one["key"]: one["value"] for one in relay.run()["data"]["metrics"]}
    assert 0 <= latest["system/cpu_utilization_percentage"] <= 100
    assert 0 < latest["system/system_memory_usage_percentage"] < 100
    assert latest["system/system_memory_usage_megabytes"] > 100
    points = relay.get("metrics/get-history", run_id=RUN_ID, metric_key="system/system_memory_usage_megabytes")
    assert [point["step"] for point in points["metrics"][:3]] == [0, 1, 2]


def test_of_several_nodes_each_has_names_of_its_own(start: Start) -> None:
    relay = start(sample=True, sample_every=0.1, node="n1")
    wait_until(lambda: len(relay.of_kind("metrics")) > 1)
    assert all(one["key"].startswith("system/n1/") for one in relay.run()["data"]["metrics"])


def test_it_leaves_that_to_a_training_that_does_it(start: Start) -> None:
    relay = start(sample=True, sample_every=0.1)
    wait_until(lambda: len(relay.of_kind("metrics")) > 1)
    relay.post("runs/log-metric", run_id=RUN_ID, **METRIC | {"key": "system/cpu_utilization_percentage"})
    before = len(relay.of_kind("metrics"))
    time.sleep(0.5)
    assert len(relay.of_kind("metrics")) <= before + 1


ROCM = """#!/bin/sh
echo '{"card0": {"GPU use (%)": "42", "VRAM Total Memory (B)": "4000000000", "VRAM Total Used Memory (B)": "1000000000",
"Average Graphics Package Power (W)": "N/A"}, "system": {"Driver version": "6"}}'
"""
NVIDIA = """#!/bin/sh
echo '0, 87, 1024, 4096, 250.5'
echo '1, [N/A], 0, 4096, [N/A]'
"""


def with_tool(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str) -> None:
    tool = folder / "bin" / name
    tool.parent.mkdir()
    tool.write_text(script)
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent), prepend=":")


def gpus_of(relay: Relay) -> dict[str, float]:
    wait_until(lambda: any("gpu" in one["key"] for one in relay.run()["data"]["metrics"]))
    return {one["key"]: one["value"] for one in relay.run()["data"]["metrics"] if "gpu" in one["key"]}


def test_it_measures_gpus(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_tool(tmp_path, monkeypatch, "nvidia-smi", NVIDIA)
    assert gpus_of(start(sample=True, sample_every=0.1)) == {
        "system/gpu_0_utilization_percentage": 87.0,
        "system/gpu_0_memory_usage_megabytes": 1024.0,
        "system/gpu_0_memory_usage_percentage": 25.0,
        "system/gpu_0_power_usage_watts": 250.5,
        "system/gpu_1_memory_usage_megabytes": 0.0,
        "system/gpu_1_memory_usage_percentage": 0.0,
    }


def test_it_measures_gpus_of_amd(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_tool(tmp_path, monkeypatch, "rocm-smi", ROCM)
    assert gpus_of(start(sample=True, sample_every=0.1)) == {
        "system/gpu_0_utilization_percentage": 42.0,
        "system/gpu_0_memory_usage_megabytes": 1000.0,
        "system/gpu_0_memory_usage_percentage": 25.0,
    }


def test_a_tool_that_fails_is_not_asked_again(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_tool(tmp_path, monkeypatch, "nvidia-smi", f"#!/bin/sh\necho asked >> {tmp_path}/asked\nexit 9\n")
    relay = start(sample=True, sample_every=0.1)
    wait_until(lambda: len(relay.of_kind("metrics")) > 3)
    assert (tmp_path / "asked").read_text() == "asked\n"
    assert relay.log() == ""


# Its size


def test_a_million_points_take_less_than_sixty_megabytes(relay: Relay, proved: Proved) -> None:
    count = trials(100_000, 1_000_000)
    relay.post("runs/log-metric", run_id=RUN_ID, key="first", value=1, timestamp=1, step=0)
    at_rest = relay.resident()
    for start in range(0, count, 1000):
        points = [
            {"key": f"m{step % 10}", "value": step / 7, "timestamp": 1_700_000_000_000 + step, "step": step}
            for step in range(start, start + 1000)
        ]
        relay.post("runs/log-batch", run_id=RUN_ID, metrics=points)
    sizes = [relay.resident()]
    relay.kill()
    relay.start()
    assert len(relay.get("metrics/get-history", run_id=RUN_ID, metric_key="m3")["metrics"]) == count // 10
    sizes.append(relay.resident())
    proved(points=count, megabytes=max(sizes) // 1_000_000)
    assert max(sizes) < 60_000_000
    # 24 bytes a point, the room in which the arrays grow, and the largest of the requests and answers.
    assert max(sizes) - at_rest < 30 * count + 10_000_000


# Where it runs


def test_it_is_written_for_python_3_6() -> None:
    ast.parse(PROGRAM.read_text(), feature_version=(3, 6))


def test_it_needs_nothing_but_the_standard_library() -> None:
    """Of which it takes nothing that 3.6 does not have, or that newer ones have dropped."""
    tree = ast.parse(PROGRAM.read_text())
    found = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    known = "argparse array bisect collections contextlib hashlib hmac http.client json math operator os pathlib "
    known += "platform posixpath queue re select signal socket stat subprocess sys threading time traceback typing "
    known += "urllib.parse uuid zlib"
    assert found == set(known.split())


def test_its_port_is_free_again_at_once(relay: Relay) -> None:
    relay.hang_up()
    relay.start()
    assert socket.create_connection(("127.0.0.1", relay.port))
