"""Deletes duplicates of a run's job, which lost answers have left at the site. None of them was ever started."""

from collections.abc import Callable

import structlog

from connections.unicore.client import SiteClient
from connections.unicore.errors import SiteError
from mantik.lib.sealing import SealBroken
from runs.models import Run

log = structlog.get_logger(__name__)


def delete_doubles(site: SiteClient, run: Run) -> None:
    """Delete jobs of POSTs that arrived after Mantik had posted again. Raises SiteError if they cannot be listed."""
    if not run.was_in_doubt:
        return
    for job_url in site.find_jobs(run.submission_tag):
        if job_url != run.job_url:
            delete_quietly(lambda: site, job_url)


def delete_quietly(open_site: Callable[[], SiteClient], job_url: str) -> None:
    """Delete a job that never started. If that fails, only the log says so: the job expires at the site by itself."""
    try:
        open_site().delete(job_url)
    except (SiteError, SealBroken) as error:
        log.warning("unstarted_job_left_at_site", job=job_url, reason=str(error))
