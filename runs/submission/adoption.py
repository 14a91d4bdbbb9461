"""Sorts the jobs that carry a run's tag, and says what a run has to store of a job that it did not make itself.

Usually the answers to their POSTs were lost: none of the jobs was started, and this database knows what they contain.
After a restore from a backup one of them may have been started, and be over, without this database knowing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connections.git.errors import GitError
from connections.git.mirror import Mirror
from connections.git.values import Branch, Commit
from connections.mlflow.errors import TrackingRefused
from connections.mlflow.for_workers import control
from connections.unicore.client import SiteClient
from connections.unicore.errors import JobGone
from connections.unicore.values import JobState
from projects.code.mirrors import mirror_of
from runs.models import Run
from runs.planning.plan import make_plan
from runs.submission.assemble import choices_of
from runs.submission.create import code_columns
from runs.tracking.mlflow_run import ensure_tracking_run

# What depends on the commit and is not known of one that cannot be read. What was asked for stays: the branch, the
# paths of both files, entry point and parameters.
UNREAD: Mapping[str, Any] = {
    "commit_subject": "",
    "commit_author": "",
    "committed_at": None,
    "mlproject_content": "",
    "backend_config_content": "",
    "queue": "",
    "nodes": None,
    "cpus_per_node": None,
    "cpus": None,
    "runtime_limit": None,
}
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class FoundJobs:
    """Jobs at the site that carry one tag, by their state. Only `preparing` and `ready` ones can still be started."""

    preparing: tuple[str, ...]
    ready: tuple[str, ...]
    started: tuple[str, ...]


def look_at(site: SiteClient, job_urls: Iterable[str]) -> FoundJobs:
    """Ask the site for the state of each job. Jobs that are gone are left out. Raises SiteError."""
    states: dict[str, JobState] = {}
    for url in sorted(job_urls):
        with suppress(JobGone):
            states[url] = site.status(url).state
    early = (JobState.STAGINGIN, JobState.READY)
    preparing, ready = (tuple(url for url, state in states.items() if state == wanted) for wanted in early)
    return FoundJobs(preparing, ready, tuple(url for url, state in states.items() if state not in early))


def recover_columns(run: Run, *, now: datetime) -> dict[str, Any]:
    """The columns of a run whose job was started before the database was restored, as far as MLflow knows them.

    Its MLflow run is found by its tag, or made if there is none. Raises TrackingUnavailable.
    """
    columns: dict[str, Any] = {"start_sent_at": now, "code_uploaded": True}
    with suppress(TrackingRefused):
        experiment_id, mlflow_run_id = ensure_tracking_run(run, now=now)
        columns |= {"mlflow_experiment_id": experiment_id, "mlflow_run_id": mlflow_run_id}
        if run.commit_pending:
            columns |= _commit_of(run, mlflow_run_id)
    return columns


@dataclass(frozen=True)
class _AtCommit:
    """Code whose branch still is at `commit`."""

    mirror: Mirror
    branch: str
    commit: Commit

    def branches(self) -> list[Branch]:
        return [Branch(self.branch, self.commit)]

    def resolve(self, branch: str) -> Commit:  # noqa: ARG002 - there is no other
        return self.commit

    def read(self, sha: str, path: str) -> bytes:
        return self.mirror.read(sha, path)


def _commit_of(run: Run, mlflow_run_id: str) -> dict[str, Any]:
    """The columns of the commit that the job has, by the tag of its MLflow run. Empty if that does not tell."""
    sha = control().run_data(mlflow_run_id).tags.get("mlflow.source.git.commit", "")
    if not _COMMIT.fullmatch(sha):
        return {}
    return (_read_at(run, sha) or {**UNREAD, "commit_sha": sha}) | {"commit_pending": False}


def _read_at(run: Run, sha: str) -> dict[str, Any]:
    """The columns of this commit. Empty if Mantik's copy does not have it, or can make no run of it."""
    if run.code_repository is None:
        return {}
    mirror = mirror_of(run.code_repository)
    try:
        code = _AtCommit(mirror, run.branch, mirror.commit(sha))
    except GitError:
        return {}
    plan = make_plan(choices_of(run, run.code_repository), code)
    return {} if plan.problems else code_columns(plan)
