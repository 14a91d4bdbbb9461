"""What a site tells us, in our own types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
    """One look at a job. What the site does not know (yet) is None, or absent from `consumed_seconds`.

    `consumed_seconds` may have total, stage-in, preCommand, queued, main, postCommand, stage-out. At
    `terminates_at` the site deletes the job with its directory, in whatever state it is.
    """

    state: JobState
    message: str
    exit_code: int | None
    batch_system_id: str | None
    queue: str | None
    consumed_seconds: Mapping[str, float]
    submitted_at: datetime | None
    terminates_at: datetime | None


@dataclass(frozen=True)
class FileStat:
    """`size` is in bytes; a directory's means nothing."""

    size: int
    is_directory: bool
    modified_at: datetime | None


@dataclass(frozen=True)
class SiteAccess:
    """Who the site takes us for, and whether it takes jobs.

    `role` is "anonymous" for a login that the site knows but has not mapped to an account. `login_name` is the
    account on the cluster, "" if there is none; `dn` the name in the site's books. `queues` is empty when the
    site does not restrict them. `message` is the site's reason for taking no jobs.
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
