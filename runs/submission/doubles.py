"""Removes jobs that a lost answer has left at the site beside the run's own job. None of them was ever started."""

from collections.abc import Callable

import structlog

from connections.unicore.client import SiteClient
from connections.unicore.errors import SiteError
from mantik.lib.sealing import SealBroken
from runs.models import Run

log = structlog.get_logger(__name__)


def delete_doubles(site: SiteClient, run: Run) -> None:
    """Remove jobs of POSTs that arrived after we had stopped waiting for them. Raises SiteError if it cannot look."""
    if not run.was_in_doubt:
        return
    for job_url in site.find_jobs(run.submission_tag):
        if job_url != run.job_url:
            delete_quietly(lambda: site, job_url)


def delete_quietly(open_site: Callable[[], SiteClient], job_url: str) -> None:
    """Remove a job that never started. If the site cannot be opened or does not listen, it expires there by itself."""
    try:
        open_site().delete(job_url)
    except (SiteError, SealBroken) as error:
        log.warning("unstarted_job_left_at_site", job=job_url, reason=str(error))
