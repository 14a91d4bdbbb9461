"""What a site says, in our own types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class JobState(StrEnum):
    """UNICORE's own vocabulary. An aborted job is FAILED with the message "Job aborted."."""

    STAGINGIN = "STAGINGIN"
    READY = "READY"
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    STAGINGOUT = "STAGINGOUT"
    SUCCESSFUL = "SUCCESSFUL"
    FAILED = "FAILED"
    UNDEFINED = "UNDEFINED"

    @property
    def is_over(self) -> bool:
        """Final, unless somebody restarts the job at the site."""
        return self in {JobState.SUCCESSFUL, JobState.FAILED}


@dataclass(frozen=True)
class JobStatus:
    """The status of a job at one moment. What the site does not know (yet) is None, or absent from `consumed_seconds`.

    `consumed_seconds` may have total, stage-in, preCommand, queued, main, postCommand, stage-out. At `terminates_at`
    the site deletes the job with its directory, in whatever state it is. All times are by the site's clock, by which it
    answered at `answered_at`.
    """

    state: JobState
    message: str
    exit_code: int | None
    batch_system_id: str | None
    queue: str | None
    consumed_seconds: Mapping[str, float]
    submitted_at: datetime | None
    terminates_at: datetime | None
    answered_at: datetime | None = None


@dataclass(frozen=True)
class JobPortrait:
    """What identifies a job. `name` is "" if the site does not say."""

    name: str
    tags: tuple[str, ...]
    status: JobStatus


@dataclass(frozen=True)
class FileStat:
    """A file or directory. `size` is in bytes, and means nothing for a directory."""

    size: int
    is_directory: bool
    modified_at: datetime | None


@dataclass(frozen=True)
class SiteAccess:
    """Who the site takes us for, and whether it accepts jobs.

    `role` is "anonymous" for a login that the site knows but has not mapped to an account. `login_name` is the account
    on the cluster, "" if there is none; `dn` is the distinguished name by which the site knows us. `queues` is empty if
    the site does not restrict them. `message` is the site's reason for accepting no jobs.
    """

    login_name: str
    dn: str
    role: str
    login_names: tuple[str, ...]
    groups: tuple[str, ...]
    queues: tuple[str, ...]
    takes_jobs: bool
    message: str
    site_name: str
    server_version: str
    server_dn: str


@dataclass(frozen=True)
class Budget:
    """What is left of a budget. `account` is "" if the site does not name it, `percent` None if it is not known."""

    account: str
    remaining: int
    unit: str
    percent: int | None


@dataclass(frozen=True)
class SiteOffer:
    """What a login may ask for. `queues`: queue -> resource -> limits in the site's words ("1-4", or a list)."""

    queues: dict[str, dict[str, Any]]
    budgets: tuple[Budget, ...]


@dataclass(frozen=True)
class IssuedToken:
    """A token that a site has given out; `expires_at` is None if it does not say."""

    value: str = field(repr=False)
    issued_at: datetime | None
    expires_at: datetime | None
