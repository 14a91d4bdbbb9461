"""Jobs that a lost answer has left at the site beside the run's own. None of them was ever started."""

import structlog

from connections.unicore.client import SiteClient
from connections.unicore.errors import SiteError
from runs.models import Run

log = structlog.get_logger(__name__)


def delete_doubles(site: SiteClient, run: Run) -> None:
    """Remove jobs of POSTs that arrived after we had stopped waiting for them. Raises SiteError if it cannot look."""
    if not run.was_in_doubt:
        return
    for job_url in site.find_jobs(run.submission_tag):
        if job_url != run.job_url:
            delete_quietly(site, job_url)


def delete_quietly(site: SiteClient, job_url: str) -> None:
    """Remove a job that never started. If the site does not listen, it expires there by itself."""
    try:
        site.delete(job_url)
    except SiteError as error:
        log.warning("unstarted_job_left_at_site", job=job_url, code=error.code)
