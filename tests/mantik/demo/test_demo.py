"""`manage.py demo --once`, whole: every process, one training through the form, and what is left afterwards."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from mantik.up.ports import free_port
from tests.support.places import TOP
from tests.support.private import open_to_others


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


def demo(data_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MANTIK_", "DJANGO_"))}
    settings = {"MANTIK_DATA_DIR": str(data_dir), "PORT": str(free_port()), "DEMO_ONCE": "1"}
    return subprocess.run(
        [sys.executable, "manage.py", "demo"],
        cwd=TOP,
        env=own | settings | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


def test_a_training_goes_from_the_form_to_finished_with_its_metric_in_mlflow(data_dir: Path) -> None:
    done = demo(data_dir)
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.search(r"Result    Digits 1 is FINISHED after \d+ s: test_accuracy (0\.\d+), model digits", done.stdout)
    assert told
    assert "the schedule Digits every day runs it again at" in done.stdout
    with sqlite3.connect(data_dir / "mlflow" / "mlflow.sqlite3") as database:
        rows = database.execute("SELECT value FROM latest_metrics WHERE key = 'test_accuracy'").fetchall()
        models = database.execute("SELECT name, version FROM model_versions").fetchall()
    database.close()
    assert [f"{value:.4f}" for (value,) in rows] == [told[1]]
    assert [f"models:/{name}/{version}" for name, version in models] == re.findall(r"for MLflow as (\S+)", done.stdout)
    assert len(models) == 1
    # The machine may have other users.
    assert open_to_others(data_dir) == []


def test_a_site_that_the_demo_does_not_know_is_named(data_dir: Path) -> None:
    done = demo(data_dir, SITE="juwels")
    assert done.returncode != 0
    assert done.stderr.strip() == "SITE is juwels, but the demo knows only sandbox and unicorex."


def test_a_port_that_is_taken_is_a_sentence_with_another_one(data_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = demo(data_dir, PORT=str(port))
    assert done.returncode != 0
    assert done.stderr.strip() == (
        f"Port {port} is in use by another program. Stop it, or choose another port, for example PORT={port + 1}."
    )
