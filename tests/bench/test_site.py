from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench.watched_site import Site, WatchedSite
from connections.unicore.client import SiteClient
from connections.unicore.credentials import password_credential
from connections.unicore.sites import make_client
from mantik.demo.sandbox.jobs import Job, State
from tests.support.waiting import wait_until


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[WatchedSite]:
    site = WatchedSite(tmp_path, slots=1)
    with site:
        yield site


@pytest.fixture
def inside(watched: WatchedSite, tmp_path: Path) -> Site:
    return Site(tmp_path, urlsplit(watched.base_url).port or 0)


@pytest.fixture
def client(inside: Site) -> SiteClient:
    return make_client(inside.base_url, password_credential(inside.user.login, inside.user.password), None)


def test_it_counts_requests_but_not_the_looks_inside(inside: Site, client: SiteClient) -> None:
    client.access()
    client.access()
    inside.changes()
    assert inside.requests() == 2


def test_it_knows_when_a_job_changed_and_keeps_silent_about_silent_ones(
    watched: WatchedSite, inside: Site, client: SiteClient
) -> None:
    told: list[tuple[str | None, State]] = []
    watched._notify = lambda job, state: told.append(_named(job, state))
    jobs = {
        name: client.submit({"Name": name, "Executable": "true", "Project": "demo"}) for name in ("told", "silent-1")
    }
    for url in jobs.values():
        job_id = url.rpartition("/")[2]
        wait_until(partial(_has_ended, inside, job_id))
        times = inside.changes()[job_id]
        assert times["QUEUED"] <= times["RUNNING"] <= times["SUCCESSFUL"]
    assert ("told", State.SUCCESSFUL) in told
    assert {name for name, _ in told} == {"told"}


def _named(job: Job, state: State) -> tuple[str | None, State]:
    return job.name, state


def _has_ended(inside: Site, job_id: str) -> bool:
    return "SUCCESSFUL" in inside.changes().get(job_id, {})
