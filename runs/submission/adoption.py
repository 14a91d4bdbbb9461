"""Which of the jobs that carry a run's tag is the run's own, and what a run has of a job that it did not make.

Usually they are jobs whose answers were lost: none of them was started, and this database has put them together. After
a restore from a backup one of them may have been started, and be over, and this database may know nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connections.mlflow.errors import TrackingRefused
from connections.mlflow.for_workers import control
from connections.unicore.client import SiteClient
from connections.unicore.errors import JobGone
from connections.unicore.values import JobState
from runs.models import Run
from runs.tracking.mlflow_run import ensure_tracking_run

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class FoundJobs:
    """Jobs at the site that carry one tag, by what has become of them. In no other state can a job be started."""

    preparing: tuple[str, ...]
    ready: tuple[str, ...]
    started: tuple[str, ...]


def look_at(site: SiteClient, job_urls: Iterable[str]) -> FoundJobs:
    """Those that are still there. Raises SiteError."""
    states: dict[str, JobState] = {}
    for url in sorted(job_urls):
        with suppress(JobGone):
            states[url] = site.status(url).state
    early = (JobState.STAGINGIN, JobState.READY)
    preparing, ready = (tuple(url for url, state in states.items() if state == wanted) for wanted in early)
    return FoundJobs(preparing, ready, tuple(url for url, state in states.items() if state not in early))


def columns_of_started(run: Run, *, now: datetime) -> dict[str, Any]:
    """What a run has to know of its job that was started by a worker whose notes are lost.

    Raises TrackingUnavailable.
    """
    columns: dict[str, Any] = {"start_sent_at": now, "code_uploaded": True}
    with suppress(TrackingRefused):
        experiment_id, mlflow_run_id = ensure_tracking_run(run, now=now)
        columns |= {"mlflow_experiment_id": experiment_id, "mlflow_run_id": mlflow_run_id}
        if run.commit_pending:
            columns |= _commit(mlflow_run_id)
    return columns


def _commit(mlflow_run_id: str) -> dict[str, Any]:
    """Which commit a job has that took the newest one; MLflow was told when the job was put together."""
    sha = control().run_data(mlflow_run_id).tags.get("mlflow.source.git.commit", "")
    if not _COMMIT.fullmatch(sha):
        return {}
    return {"commit_sha": sha, "commit_subject": "", "commit_author": "", "committed_at": None, "commit_pending": False}
