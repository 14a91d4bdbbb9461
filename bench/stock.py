"""What people do today: pyunicore as it comes, used as its own documentation and code use it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import Mock, patch

from pyunicore.client import Client, Job, JobStatus
from pyunicore.credentials import UsernamePassword

from bench.watched_site import Site
from tests.support.world import ACCOUNT

STOCK = "stock pyunicore"


class StockClient:
    """One client and one session for everything, which is the quickest way there is; one client per task is slower."""

    def __init__(self, site: Site) -> None:
        self._pauses: list[float] = []
        self._client = Client(UsernamePassword(site.user.login, site.user.password), site.base_url)

    def submit(self, code: Path) -> None:
        """A job with the files of the working copy `code`, one upload each."""
        files = (path for path in sorted(code.rglob("*")) if path.is_file() and ".git" not in path.parts)
        inputs = {str(path.relative_to(code)): str(path) for path in files}
        with self._counting_pauses():
            self._client.new_job(_description(), inputs=inputs)

    @property
    def paused(self) -> float:
        """Seconds of the usual submission that pyunicore slept. It asks for a new job's directory once and, if it is
        not there yet, takes that answer for the truth for another 5 s."""
        return median(self._pauses)

    @contextmanager
    def _counting_pauses(self) -> Iterator[None]:
        paused = 0.0

        def sleep(duration: float) -> None:
            nonlocal paused
            begin = time.perf_counter()
            time.sleep(duration)
            paused += time.perf_counter() - begin

        with patch("pyunicore.client.time", Mock(wraps=time, sleep=sleep)):
            yield
        self._pauses.append(paused)

    def status(self, job_url: str) -> JobStatus:
        """As `Client.get_jobs` makes its jobs."""
        return Job(self._client.transport, job_url).status


def _description() -> dict[str, Any]:
    return {
        "Name": "stock",
        "Project": ACCOUNT,
        "Resources": {"Queue": "batch", "Nodes": 1, "Runtime": "10min"},
        "Executable": "/bin/bash",
        "Arguments": ["run.sh"],
        "haveClientStageIn": "true",
    }
