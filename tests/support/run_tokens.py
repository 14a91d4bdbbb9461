"""The token that a job really has, as its 0600 file at the site has it."""

from __future__ import annotations

import re

from connections.unicore.client import SiteClient
from runs.job import layout
from runs.models import Run
from runs.tracking.run_tokens import run_of_token

_LINE = re.compile(r"^MLFLOW_TRACKING_TOKEN='(.*)'$", re.MULTILINE)


def token_of_job(site: SiteClient, run: Run) -> str:
    found = site.stat(run.job_url, layout.ENVIRONMENT)
    assert found is not None, f"The job of {run.name} has no {layout.ENVIRONMENT}."
    [token] = _LINE.findall(site.read(run.job_url, layout.ENVIRONMENT, 0, found.size).decode())
    return str(token)


def assert_job_may_log(site: SiteClient, run: Run) -> None:
    """Until its end the job of `run` had a token that the database knows."""
    assert run.ended_at is not None
    assert run_of_token(token_of_job(site, run), now=run.ended_at) == run
