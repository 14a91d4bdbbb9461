from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from mlflow.version import VERSION

from connections.mlflow.server import server_command, server_environment
from tests.connections.mlflow.processes import processes
from tests.support.mlflow_server import HEADERS, MlflowServer, free_port, running


def test_its_settings_have_the_names_that_mlflow_reads(tmp_path: Path) -> None:
    """These are MLflow's private names; a new release may change them."""
    from mlflow import environment_variables as public
    from mlflow.server import constants

    names = server_environment(port=1, data_dir=tmp_path)
    read = {value for value in vars(constants).values() if isinstance(value, str)}
    read |= {getattr(value, "name", "") for value in vars(public).values()}
    assert {name for name in names if "MLFLOW" in name} <= read


def test_it_keeps_everything_below_its_directory(mlflow_server: MlflowServer) -> None:
    names = {path.name for path in mlflow_server.data_dir.iterdir()}
    assert {"mlflow.sqlite3", "artifacts"} <= names
    assert names <= {"mlflow.sqlite3", "mlflow.sqlite3-wal", "mlflow.sqlite3-shm", "artifacts", "server.log"}


def test_it_is_one_process_below_its_memory_promise(tmp_path: Path) -> None:
    """One of its own: that of all tests has been asked for every route that MLflow has."""
    with running(tmp_path) as fresh:
        found = processes()
    assert not [process for process in found if process.parent == fresh.pid]
    (server,) = [process for process in found if process.pid == fresh.pid]
    assert server.resident < 450_000


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1"])
def test_it_refuses_to_answer_to_another_name(mlflow_server: MlflowServer, name: str) -> None:
    url = f"{mlflow_server.uri}/api/2.0/mlflow/experiments/search?max_results=1"
    assert httpx.get(url, headers=HEADERS | {"Host": name}, trust_env=False).status_code == 403
    assert httpx.get(url, headers=HEADERS, trust_env=False).status_code == 200


def test_a_port_that_is_taken_ends_it_with_an_error(mlflow_server: MlflowServer, tmp_path: Path) -> None:
    port = int(mlflow_server.uri.rpartition(":")[2])
    environment = os.environ | server_environment(port=port, data_dir=tmp_path)
    command = server_command(port=port, data_dir=tmp_path)
    done = subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)
    assert done.returncode != 0
    assert b"address already in use" in done.stderr


def test_a_database_of_a_newer_mlflow_is_named_and_left_as_it_is(mlflow_server: MlflowServer, tmp_path: Path) -> None:
    path = tmp_path / "mlflow.sqlite3"
    with closing(sqlite3.connect(mlflow_server.data_dir / path.name)) as ours, closing(sqlite3.connect(path)) as newer:
        ours.backup(newer)
        # One that this MLflow needs is gone, and it would make it again.
        newer.execute("DROP TABLE metrics")
        newer.execute("UPDATE alembic_version SET version_num = 'fedcba987654'")
        newer.commit()
        before = list(newer.iterdump())
    environment = os.environ | server_environment(port=1, data_dir=tmp_path)
    command = server_command(port=1, data_dir=tmp_path)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == (
        f"MLflow's database sqlite:///{path} was made by a newer MLflow than {VERSION}, which is the one installed "
        "here. Start the version of Mantik that made it, or restore a backup from before. Nothing was changed."
    )
    assert "Traceback" not in done.stderr
    with closing(sqlite3.connect(path)) as newer:
        assert list(newer.iterdump()) == before


def test_the_command_works_from_any_directory(tmp_path: Path) -> None:
    environment = os.environ | server_environment(port=free_port(), data_dir=tmp_path)
    command = [*server_command(port=1, data_dir=tmp_path)[:3], "--help"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, timeout=60, check=True)
    assert b"--data-dir" in done.stdout
