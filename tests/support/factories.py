"""Rows to test with: valid as they are, so that a test names only what it is about.

Whatever is not given is made, and fits the rest: a run's experiment and code repository are of its project,
its connection is of its member. Any column can be given by name.
"""

from __future__ import annotations

import itertools
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from connections.models import Connection, Site
from mantik.accounts.models import User
from projects.models import CodeRepository, Experiment, Invitation, Membership, Project
from projects.permissions import Role
from runs.models import Run, RunEvent, RunLogChunk
from runs.states import AT_SITE, RunState

PASSWORD = "correct horse battery"
SHA = "a41f9c2b7d5e4f60918273645aabbccddeeff001"
MLPROJECT = """\
name: pv-yield
entry_points:
  train:
    parameters:
      epochs: {type: int, default: 40}
      lr: {type: float, default: 0.001}
    command: "python train.py --epochs {epochs} --lr {lr}"
"""
BACKEND_CONFIG = """\
Environment:
  Modules:
    - CUDA/12
    - Python/3.11
Resources:
  Queue: gpu
  Nodes: 4
  Runtime: 30m
"""

_numbers = itertools.count(1)


def make_user(username: str = "", *, password: str = PASSWORD, **columns: Any) -> User:
    name = username or f"member{next(_numbers)}"
    return User.objects.create_user(name, f"{name}@example.org", password, **columns)


def make_project(**columns: Any) -> Project:
    """Without members: add them with `join`."""
    number = next(_numbers)
    return Project.objects.create(**{"slug": f"project-{number}", "name": f"Project {number}"} | columns)


def join(project: Project, role: Role = Role.RESEARCHER, user: User | None = None) -> User:
    """A member of `project` with `role`."""
    member = user or make_user(f"{role.value}{next(_numbers)}")
    Membership.objects.create(project=project, user=member, role=role)
    return member


def make_invitation(*, project: Project, user: User, **columns: Any) -> Invitation:
    """Open, made just now, for two weeks, by nobody who is still known."""
    now = timezone.now()
    usual = {"role": Role.RESEARCHER, "created_at": now, "expires_at": now + timedelta(days=14)}
    return Invitation.objects.create(project=project, user=user, **usual | columns)


def make_experiment(*, project: Project | None = None, **columns: Any) -> Experiment:
    usual = {"name": f"experiment-{next(_numbers)}", "created_by": columns.get("created_by") or make_user()}
    return Experiment.objects.create(project=project or make_project(), **usual | columns)


def make_code_repository(*, project: Project | None = None, **columns: Any) -> CodeRepository:
    """On a host that does not exist, and never fetched."""
    name = f"code-{next(_numbers)}"
    usual = {
        "name": name,
        "url": f"https://git.example.org/group/{name}.git",
        "created_by": columns.get("created_by") or make_user(),
    }
    return CodeRepository.objects.create(project=project or make_project(), **usual | columns)


def make_site(**columns: Any) -> Site:
    number = next(_numbers)
    usual = {"name": f"Site {number}", "base_url": f"https://hpc{number}.example.org:8080/SITE/rest/core"}
    return Site.objects.create(**usual | columns)


def make_connection(*, owner: User | None = None, secret: str = "s3cret", **columns: Any) -> Connection:
    """For a site, by password. With `kind=Connection.Kind.GIT_TOKEN`: for a git host, by token."""
    usual: dict[str, Any] = {
        "owner": owner or make_user(),
        "kind": Connection.Kind.UNICORE_PASSWORD,
        "name": f"connection-{next(_numbers)}",
        "login_name": "ada",
        "secret_set_at": timezone.now(),
    }
    connection = Connection(**usual | columns)
    if connection.kind == Connection.Kind.UNICORE_PASSWORD and connection.site is None:
        connection.site = make_site()
    connection.put_secret(secret)
    connection.save()
    return connection


def make_run(state: RunState = RunState.PENDING, *, project: Project | None = None, **columns: Any) -> Run:
    """A run in `state` with what a run of that state has, started at `created_at`, else ten minutes ago."""
    run = Run(**_form_columns(project or make_project(), columns))
    # The state's own columns; what a test names wins.
    for name, value in (columns_of(state, created_at=run.created_at) | columns).items():
        setattr(run, name, value)
    run.state = state
    run.save()
    return run


def _form_columns(project: Project, given: dict[str, Any]) -> dict[str, Any]:
    """What the form and RUN! store."""
    columns: dict[str, Any] = {
        "uuid": uuid.uuid4(),
        "project": project,
        "created_at": timezone.now() - timedelta(minutes=10),
        "name": f"run-{next(_numbers)}",
        "branch": "main",
        "commit_sha": SHA,
        "commit_subject": "Tune warm-up",
        "commit_author": "Ada",
        "mlproject_path": "MLproject",
        "mlproject_content": MLPROJECT,
        "entry_point": "train",
        "parameters": {"epochs": "40", "lr": "0.0008"},
        "backend_config_path": "hpc/unicore.yaml",
        "backend_config_content": BACKEND_CONFIG,
        "compute_budget_account": "acc_sol",
        "queue": "gpu",
        "nodes": 4,
        "cpus_per_node": 4,
        "cpus": 16,
        "runtime_limit": timedelta(minutes=30),
    } | given
    member = columns.setdefault("created_by", None) or join(project)
    columns["created_by"] = member
    for name, make in (("experiment", make_experiment), ("code_repository", make_code_repository)):
        columns[name] = columns.get(name) or make(project=project, created_by=member)
    if "connection" not in columns:
        columns["connection"] = make_connection(owner=member)
    connection = columns["connection"]
    columns.setdefault("site_name", connection.site.name if connection and connection.site else "Site A")
    columns.setdefault("submission_tag", f"mantik-{columns['uuid']}")
    columns.setdefault("next_attempt_at", timezone.now())
    columns.setdefault("committed_at", columns["created_at"] - timedelta(hours=3))
    return columns


def columns_of(state: RunState, *, created_at: datetime) -> dict[str, Any]:
    """What submission and following have written by the time a run is in `state`."""
    columns: dict[str, Any] = {}
    if state is not RunState.PENDING:
        columns |= {"attempts": 1, "submitting_at": created_at + timedelta(seconds=2)}
    if state not in (RunState.PENDING, RunState.SUBMITTING):
        job = uuid.uuid4()
        submitted_at = created_at + timedelta(seconds=4)
        columns |= {
            "job_url": f"https://hpc.example.org:8080/SITE/rest/core/jobs/{job}",
            "job_script": "#!/bin/bash\nset -u\npython train.py --epochs 40 --lr 0.0008\n",
            "batch_system_id": str(job.int)[:8],
            "posted_at": submitted_at,
            "start_sent_at": submitted_at,
            "submitted_at": submitted_at,
            "next_attempt_at": None,
        }
    if state in AT_SITE:
        columns["next_poll_at"] = timezone.now()
    if state in (RunState.RUNNING, RunState.FINISHED, RunState.FAILED):
        columns["running_at"] = created_at + timedelta(minutes=2)
    return columns | _end_columns(state, created_at + timedelta(minutes=9))


def _end_columns(state: RunState, ended_at: datetime) -> dict[str, Any]:
    ends: dict[RunState, dict[str, Any]] = {
        RunState.FINISHED: {"exit_code": 0, "core_hours": 1.9, "outcome": "Finished with exit code 0."},
        RunState.FAILED: {"exit_code": 1, "core_hours": 1.9, "outcome": "The job ended with exit code 1."},
        RunState.CANCELLED: {"outcome": "Cancelled before it began to run."},
        RunState.LOST: {"outcome": "The site no longer knows the job."},
    }
    if state not in ends:
        return {}
    return {"ended_at": ended_at, "log_complete": True, **ends[state]}


def add_event(run: Run, message: str, *, at: datetime | None = None, **columns: Any) -> RunEvent:
    usual = {"kind": "note", "at": at or timezone.now()}
    return RunEvent.objects.create(run=run, message=message, **usual | columns)


def append_log(run: Run, text: str) -> None:
    """As a worker does that fetched this much more from the site."""
    content = text.encode()
    RunLogChunk.objects.create(run=run, offset=run.log_size, content=content)
    run.log_size += len(content)
    run.save(update_fields=["log_size"])
