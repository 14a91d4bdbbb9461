from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.contract.jobs import SiteJob, Submitter
from tests.support.sites import RunningSite


@pytest.fixture
def demo(site: RunningSite) -> Iterator[httpx.Client]:
    with site.client("demo") as client:
        yield client


@pytest.fixture
def other(site: RunningSite) -> Iterator[httpx.Client]:
    with site.client("other") as client:
        yield client


@pytest.fixture
def anonymous(site: RunningSite) -> Iterator[httpx.Client]:
    with site.client(None) as client:
        yield client


@pytest.fixture
def jobs(site: RunningSite, demo: httpx.Client) -> Iterator[Submitter]:
    """Submits as the demo user, and removes all of it in the end."""
    submitter = Submitter(site, demo)
    yield submitter
    for job in submitter.jobs:
        demo.delete(job.url)


@pytest.fixture
def waiting(jobs: Submitter) -> SiteJob:
    """A job that waits for its start."""
    return jobs.submit_waiting()
