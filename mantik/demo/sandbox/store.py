"""The jobs on disk, so that a site that is started again continues where it was."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mantik.demo.sandbox.jobs import Job

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, submitted_at REAL NOT NULL, record TEXT NOT NULL, description TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ledger (
    job_id TEXT PRIMARY KEY, tags TEXT NOT NULL, times_started INTEGER NOT NULL DEFAULT 0
);
"""


@dataclass(frozen=True)
class LedgerEntry:
    """One job that was ever submitted, with the tags of its submission. Deleting the job does not delete this."""

    job_id: str
    tags: tuple[str, ...]
    times_started: int


class Store:
    """One SQLite file. Thread-safe; a call returns when the change survives a crash of the process."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # The site promises to survive its own crash, not a power cut: no fsync.
        # What is overwritten is gone from the file, too: descriptions come with secrets in them.
        self._database.executescript(
            f"PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA secure_delete=ON; {_SCHEMA}"
        )

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def add(self, job: Job, description: str) -> None:
        with self._lock, self._transaction() as database:
            row = (job.id, job.submitted_at, _record(job), description)
            database.execute("INSERT INTO jobs VALUES (?, ?, ?, ?)", row)
            database.execute("INSERT INTO ledger (job_id, tags) VALUES (?, ?)", (job.id, json.dumps(job.tags)))

    def save(self, job: Job) -> None:
        with self._lock:
            # Read under the lock: of two threads that save a job, the later one writes what is true now.
            self._database.execute("UPDATE jobs SET record = ? WHERE id = ?", (_record(job), job.id))

    def count_start(self, job_id: str) -> None:
        """The main program of the job is about to be launched."""
        self._run("UPDATE ledger SET times_started = times_started + 1 WHERE job_id = ?", job_id)

    def ledger(self) -> list[LedgerEntry]:
        return _ledger(self._run("SELECT job_id, tags, times_started FROM ledger ORDER BY rowid"))

    def save_description(self, job_id: str, description: dict[str, Any]) -> None:
        """Store a description in place of the submitted one, of which nothing is left on disk."""
        self._run("UPDATE jobs SET description = ? WHERE id = ?", json.dumps(description), job_id)
        self._run("PRAGMA wal_checkpoint(TRUNCATE)")

    def remove(self, job_id: str) -> None:
        self._run("DELETE FROM jobs WHERE id = ?", job_id)

    def description(self, job_id: str) -> dict[str, Any]:
        """What was submitted; empty if the job is gone."""
        rows = self._run("SELECT description FROM jobs WHERE id = ?", job_id)
        return dict(json.loads(rows[0][0])) if rows else {}

    def jobs(self) -> Iterator[Job]:
        """Every job, oldest first."""
        for (record,) in self._run("SELECT record FROM jobs ORDER BY submitted_at"):
            yield Job.from_record(json.loads(record))

    def note(self, name: str) -> str | None:
        rows = self._run("SELECT value FROM notes WHERE name = ?", name)
        return str(rows[0][0]) if rows else None

    def set_note(self, name: str, value: str) -> None:
        self._run("INSERT OR REPLACE INTO notes VALUES (?, ?)", name, value)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._database.execute("BEGIN")
        try:
            yield self._database
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def _run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._database.execute(statement, values).fetchall()


def read_ledger(path: Path) -> list[LedgerEntry]:
    """What a site has ever been asked and has really started, read from outside while it runs or after it."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return _ledger(database.execute("SELECT job_id, tags, times_started FROM ledger ORDER BY rowid").fetchall())


def _ledger(rows: list[tuple[Any, ...]]) -> list[LedgerEntry]:
    return [LedgerEntry(job_id, tuple(json.loads(tags)), count) for job_id, tags, count in rows]


def _record(job: Job) -> str:
    return json.dumps(job.to_record(), separators=(",", ":"))
