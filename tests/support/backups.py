"""A backup of the test database, made and restored as docs/operators.md says."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path

from django.db import connection

from tests.support.postgres import program
from tests.support.stacks import database_url


def back_up(file: Path) -> None:
    if connection.vendor == "postgresql":
        _run("pg_dump", "--format=custom", f"--file={file}", database_url(connection.settings_dict))
        return
    connection.ensure_connection()
    with sqlite3.connect(file) as copy:
        connection.connection.backup(copy)
    copy.close()


def restore(file: Path) -> None:
    """In place of all that is there. Nobody else may be connected."""
    if connection.vendor == "postgresql":
        connection.close()
        url = database_url(connection.settings_dict)
        _run("pg_restore", "--clean", "--if-exists", "--no-owner", f"--dbname={url}", str(file))
        return
    connection.ensure_connection()
    with sqlite3.connect(file) as copy:
        copy.backup(connection.connection)
    copy.close()
    connection.close()


def _run(name: str, *arguments: str) -> None:
    done = subprocess.run([program(name), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
