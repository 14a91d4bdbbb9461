"""Finds jobs of this installation at the sites of which the database has no run.

They were submitted after the backup was made. The site is asked once for each connection, with its login: nobody's jobs
are looked at with the login of somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from connections.logins.login_health import why_login_unused
from connections.logins.site_clients import WHILE_SOMEBODY_WAITS, open_connection
from connections.models import Connection
from connections.unicore.client import SiteClient
from connections.unicore.errors import JobGone, SiteError
from connections.unicore.values import JobPortrait, JobState
from mantik.lib.humanize import counted
from mantik.lib.sealing import SealBroken
from runs.models import Run
from runs.restored.marks import installation_tag

# How many jobs of one connection are compared with the database, and how many unknown ones are looked at. If there are
# more, `Look.trouble` says so.
JOBS_COMPARED = 10_000
JOBS_LOOKED_AT = 1_000
_TAG = re.compile(r"mantik-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_URLS_PER_QUERY = 500


@dataclass(frozen=True)
class LeftJob:
    """A job that no run has. `run_uuid` is that of the run for which it was submitted."""

    url: str
    name: str
    run_uuid: UUID
    state: JobState

    @property
    def is_over(self) -> bool:
        return self.state.is_over


@dataclass
class Look:
    """What was found with one connection. `trouble` says why that is nothing or not everything, otherwise ""."""

    connection: Connection
    jobs: list[LeftJob] = field(default_factory=list)
    trouble: str = ""


def look_at_sites() -> Iterator[Look]:
    """Look for jobs with one connection after the other. A site that does not answer is not asked with others."""
    tag, silent = installation_tag(), dict[int | None, str]()
    connections = Connection.objects.for_sites().select_related("site", "owner").order_by("site__name", "site", "pk")
    for connection in connections:
        if connection.site_id in silent:
            yield Look(connection, trouble=f"The site was not asked: {silent[connection.site_id]}")
            continue
        look = Look(connection)
        try:
            _look(look, tag)
        except SiteError as error:
            look.trouble = error.message
            if error.is_silence:
                silent[connection.site_id] = error.message
        except SealBroken as error:
            look.trouble = str(error)
        yield look


def site_of(connection: Connection) -> SiteClient:
    """A client for the connection's site. Raises SiteError and SealBroken."""
    return open_connection(connection, timeouts=WHILE_SOMEBODY_WAITS)


def _look(look: Look, tag: str) -> None:
    """Fill in `look`. Raises SiteError and SealBroken."""
    if unused := why_login_unused(look.connection):
        look.trouble = unused
        return
    site = site_of(look.connection)
    listed = site.find_jobs(tag, most=JOBS_COMPARED)
    unknown = list(_without_run(listed))
    for url in unknown[:JOBS_LOOKED_AT]:
        try:
            job = _left(url, site.portrait(url))
        except JobGone:
            continue
        if job is not None:
            look.jobs.append(job)
    look.trouble = " ".join(_left_out(len(listed), len(unknown)))


def _left_out(listed: int, unknown: int) -> Iterator[str]:
    if listed >= JOBS_COMPARED:
        yield f"Only {counted(listed, 'job')} of this installation were compared; the site may have more."
    if unknown > JOBS_LOOKED_AT:
        more = counted(unknown - JOBS_LOOKED_AT, "more job was", "more jobs were")
        yield f"{more} not looked at. Deal with the ones listed here first, then run this again."


def _without_run(job_urls: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(job_urls), _URLS_PER_QUERY):
        batch = job_urls[start : start + _URLS_PER_QUERY]
        known = set(Run.objects.filter(job_url__in=batch).values_list("job_url", flat=True))
        yield from (url for url in batch if url not in known)


def _left(url: str, portrait: JobPortrait) -> LeftJob | None:
    """The job at `url`; None if it has no tag of a run, or if the database has the run with its tag.

    That run looks for the job by itself, or it has another one, and this one was never started.
    """
    found = [match for tag in portrait.tags if (match := _TAG.fullmatch(tag))]
    if not found or Run.objects.filter(submission_tag=found[0][0]).exists():
        return None
    return LeftJob(url, portrait.name, UUID(found[0][1]), portrait.status.state)
