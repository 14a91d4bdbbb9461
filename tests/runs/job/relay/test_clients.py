"""Unmodified clients of MLflow, from the oldest that is in use to the newest, in a job whose node has a relay."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.runs.job.relay.client_table import LIBRARIES, NAMES, WORDS, expected
from tests.runs.job.relay.relays import RUN_ID, SECRET, Relay, oldest_python, relay_in
from tests.support.client_tables import CLIENTS, MISSING, OK, UNKNOWN_TO_IT, table
from tests.support.mlflow_clients import python_with
from tests.support.places import TOP
from tests.support.proofs import Proved, sample, trials

OPERATIONS = Path(__file__).with_name("client_operations.py")


@pytest.fixture(scope="session", params=sample(list(CLIENTS), one_in=4))
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Its name, and the path of a Python that has it."""
    name = request.param
    return name, python_with(CLIENTS[name], tmp_path_factory, *LIBRARIES[name])


def environment(relay: Relay) -> dict[str, str]:
    """As a job has it, without a home in which the client would find something of ours."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "MANTIK_"))}
    return own | {
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{relay.port}/{SECRET}",
        "MLFLOW_RUN_ID": RUN_ID,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        "HOME": str(relay.folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "KERAS_BACKEND": "jax",
        "LARGE_FILE_BYTES": str(trials(64 * 2**20, 10**9)),
    }


def results_of(python: str, relay: Relay) -> dict[str, str]:
    done = subprocess.run(
        [python, str(OPERATIONS)],
        env=environment(relay),
        cwd=relay.folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.stdout, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.timeout(900)
def test_a_training_works_as_it_is(client: tuple[str, str], tmp_path: Path, proved: Proved) -> None:
    with relay_in(tmp_path, oldest_python() or sys.executable) as relay:
        results = results_of(client[1], relay)
        assert set(results) == set(NAMES)
        bad = {name: result for name, result in results.items() if not is_as_expected(client[0], name, result)}
        proved(operations=len(results), wrong=len(bad))
        assert bad == {}

        told = all_that_is_told(relay)
        relay.kill()
        relay.start()
        assert all_that_is_told(relay) == told
        assert points_told(told) == points_written(relay)


def is_as_expected(client: str, name: str, result: str) -> bool:
    wanted = expected(client, name)
    if wanted == MISSING:
        return result.startswith((*UNKNOWN_TO_IT, "absent"))
    return result == OK if wanted == OK else wanted in result


def test_the_documents_say_the_same() -> None:
    assert table(NAMES, expected, WORDS) in (TOP / "docs" / "tracking.md").read_text()


def all_that_is_told(relay: Relay) -> dict[str, Any]:
    runs = relay.post("runs/search", max_results=1000)["runs"]
    return {
        "runs": runs,
        "models": relay.post("logged-models/search", max_results=1000)["models"],
        "registered": relay.get("registered-models/search"),
        "histories": [
            (run["info"]["run_id"], metric["key"], history_of(relay, run["info"]["run_id"], metric["key"]))
            for run in runs
            for metric in run["data"]["metrics"]
        ],
        "files": [relay.get("artifacts/list", run_id=run["info"]["run_id"]) for run in runs],
    }


def history_of(relay: Relay, run_id: str, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = relay.get("metrics/get-history", run_id=run_id, metric_key=key)["metrics"]
    return found


Points = dict[tuple[str, str], set[tuple[int, int, str]]]


def points_told(told: dict[str, Any]) -> Points:
    return {
        (run_id, key): {(one["timestamp"], one["step"], str(float(one["value"]))) for one in history}
        for run_id, key, history in told["histories"]
    }


def points_written(relay: Relay) -> Points:
    """As somebody reads the journal who knows nothing but runs/tracking/README.md."""
    found: Points = defaultdict(set)
    for entry in relay.of_kind("metrics"):
        for key, columns in entry["points"].items():
            when = step = 0
            for value, later, further in zip(*columns, strict=True):
                when, step = when + later, step + further
                found[entry.get("run", RUN_ID), key].add((when, step, str(float(value))))
    return dict(found)
