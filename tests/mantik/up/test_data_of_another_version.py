"""`manage.py up` and `manage.py demo` on data that they cannot use, as a person starts them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from mantik.up.ports import free_port
from mantik.up.stack import TOP


def manage(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """With the database and all servers in the data directory."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MANTIK_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=TOP,
        env=own | {"MANTIK_DEBUG": "1", "MANTIK_DATA_DIR": str(data_dir), "PORT": str(free_port())},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory of this version."""
    data_dir = tmp_path_factory.mktemp("data")
    done = manage(data_dir, "migrate", "--verbosity", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    return data_dir


DRIFTED = (
    "ALTER TABLE runs_run DROP COLUMN tree_sha",
    "The table runs_run has no column tree_sha. These data were made by a development version from before 0.1.0, or "
    "changed by hand. Export what you need with the version that made them, and begin with a new data directory or "
    "database. Nothing was changed.",
)
NEWER = (
    "INSERT INTO django_migrations (app, name, applied) VALUES ('runs', '0999_of_tomorrow', '2031-01-01 00:00:00')",
    "The migration runs.0999_of_tomorrow is applied, but not part of this version of Mantik. These data were made by "
    "another version, most likely a newer one: start that one, or restore a backup from before it. Nothing was "
    "changed.",
)


@pytest.mark.parametrize(
    ("command", "change", "said"), [("up", *DRIFTED), ("demo", *NEWER)], ids=["up-drifted", "demo-newer"]
)
def test_data_of_another_version_are_refused_and_left_as_they_are(
    migrated: Path, tmp_path: Path, command: str, change: str, said: str
) -> None:
    data_dir = tmp_path / "data"
    shutil.copytree(migrated, data_dir)
    database = data_dir / "mantik.sqlite3"
    (data_dir / "mlflow").mkdir()
    (data_dir / "mlflow" / "mlflow.sqlite3").touch()
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(change)
        before = list(connection.iterdump())
    done = manage(data_dir, command)
    assert done.returncode == 1
    assert done.stderr == f"Mantik cannot use the database {database}. {said}\n"
    assert "Traceback" not in done.stdout
    assert said not in done.stdout, "it is said once"
    with closing(sqlite3.connect(database)) as connection:
        assert list(connection.iterdump()) == before
    # Nothing else has touched what is there, and what has begun is gone.
    assert [path.name for path in (data_dir / "mlflow").iterdir()] == ["mlflow.sqlite3"]
    assert not any((data_dir / "sandbox").glob("*"))
    assert not (data_dir / "broker" / "broker.sock").exists()
