from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from mantik.demo.sandbox.sandbox_site import SandboxSite
from tests.contract.jobs import Submitter
from tests.support.sites import RunningSite, running_sandbox

SiteMaker = Callable[..., SandboxSite]
SubmitterOf = Callable[..., Submitter]


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[SiteMaker]:
    """`make_site(...)` starts a site of the test's own in `tmp_path`, with the options of `SandboxSite`."""
    with ExitStack() as stack:

        def make(**options: Any) -> SandboxSite:
            return stack.enter_context(SandboxSite(tmp_path / "site", **options))

        yield make


@pytest.fixture
def jobs_at() -> Iterator[SubmitterOf]:
    """`jobs_at(site)` submits as the demo user."""
    with ExitStack() as stack:

        def make(site: SandboxSite, login: str = "demo") -> Submitter:
            running = running_sandbox(site)
            return Submitter(running, stack.enter_context(running.client(login)))

        yield make


@pytest.fixture
def jobs(sandbox: RunningSite) -> Iterator[Submitter]:
    """At the site that the session shares."""
    with sandbox.client("demo") as client:
        submitter = Submitter(sandbox, client)
        yield submitter
        for job in submitter.jobs:
            client.delete(job.url)


@pytest.fixture
def demo(sandbox: RunningSite) -> Iterator[httpx.Client]:
    with sandbox.client("demo") as client:
        yield client
