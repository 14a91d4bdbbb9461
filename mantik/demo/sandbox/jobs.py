"""What the site knows about one job, and how it is shown to a client."""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

_ID_ALPHABET = string.ascii_letters + string.digits
_PHASES = ("total", "stage-in", "preCommand", "queued", "main", "postCommand", "stage-out")


class State(StrEnum):
    STAGINGIN = "STAGINGIN"
    READY = "READY"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    STAGINGOUT = "STAGINGOUT"
    SUCCESSFUL = "SUCCESSFUL"
    FAILED = "FAILED"

    @property
    def is_done(self) -> bool:
        return self in {State.SUCCESSFUL, State.FAILED}


@dataclass(slots=True)
class Job:
    """One job. Times are seconds since the epoch; `consumed` holds whole seconds by phase.

    `has_directory` and `is_staged` tell how far the site has prepared it; `times_started` counts how often its
    main program was really launched.
    """

    id: str
    owner: str
    uid: str
    tags: list[str]
    submitted_at: float
    terminates_at: float
    starts_by_itself: bool
    state: State = State.READY
    message: str = ""
    exit_code: int | None = None
    name: str | None = None
    kind: str | None = None
    queue: str | None = None
    batch_id: str | None = None
    log: list[str] = field(default_factory=list)
    consumed: dict[str, int] = field(default_factory=dict)
    notifies: dict[str, Any] = field(default_factory=dict)
    has_directory: bool = False
    is_staged: bool = False
    start_requested: bool = False
    abort_requested: bool = False
    is_deleted: bool = False
    times_started: int = 0

    def note(self, text: str) -> None:
        self.log.append(f"{java_date(time.time())}: {text}")

    def consume(self, phase: str, seconds: float) -> None:
        # A new dictionary each time: another thread may be reading this one.
        self.consumed = {**self.consumed, phase: int(seconds)}

    def has_tags(self, tags: Iterable[str]) -> bool:
        return all(tag in self.tags for tag in tags)

    def to_record(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _FIELDS}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Job:
        return cls(**{**record, "state": State(record["state"])})


_FIELDS = tuple(f.name for f in fields(Job))


def new_job_id() -> str:
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(11))


def rest_date(moment: float) -> str:
    """ "2026-11-24T09:18:43+0000"."""
    return time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(moment))


def java_date(moment: float) -> str:
    """ "Tue Nov 24 09:18:43 UTC 2026", in English whatever the locale."""
    day = datetime.fromtimestamp(moment, UTC)
    return f"{day.ctime()[:7]} {day:%d %H:%M:%S} UTC {day.year}"


def parse_rest_date(text: str) -> float | None:
    """The moment in seconds; without a zone it is UTC. None if the text is no such date."""
    for pattern in ("%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M"):
        try:
            moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is filled in below
        except ValueError:
            continue
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return None


def properties(job: Job, base: str, site_id: str, *, with_links: bool = True) -> dict[str, Any]:
    """Everything a client may read about the job in one document."""
    shown: dict[str, Any] = {
        "owner": job.owner,
        "submissionPreferences": {},
        "log": list(job.log),
        "consumedTime": {phase: _seconds(job, phase) for phase in _PHASES},
        "acl": [],
        "submissionTime": rest_date(job.submitted_at),
        "statusMessage": job.message,
        "tags": job.tags,
        "batchSystemID": job.batch_id or "N/A",
        "terminationTime": rest_date(job.terminates_at),
        "name": job.name or "N/A",
        "jobType": job.kind or "n/a",
        "queue": job.queue or "N/A",
        "status": job.state,
    }
    if job.exit_code is not None:
        shown["exitCode"] = str(job.exit_code)
    if with_links:
        shown["_links"] = _links(job, base, site_id)
    return shown


def _seconds(job: Job, phase: str) -> str:
    return str(job.consumed[phase]) if phase in job.consumed else "N/A"


def _links(job: Job, base: str, site_id: str) -> dict[str, dict[str, str]]:
    own = f"{base}/jobs/{job.id}"

    def link(href: str, description: str) -> dict[str, str]:
        return {"description": description, "href": href}

    actions = {f"action:{name}": link(f"{own}/actions/{name}", name.title()) for name in ACTIONS}
    return actions | {
        "self": {"href": own},
        "submitted": link(f"{own}/submitted", "Submitted job description"),
        "details": link(f"{own}/details", "BSS job details"),
        "workingDirectory": link(f"{base}/storages/{job.id}-uspace", "Working directory"),
        "parentTSS": link(f"{base}/sites/{site_id}", "Parent TSS"),
    }


ACTIONS = ("start", "abort", "restart")
