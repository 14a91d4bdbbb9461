"""Mantik's own client against both sites: what it asks for works, and what goes wrong gets the right kind of error."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from connections.unicore.client import SiteClient
from connections.unicore.credentials import password_credential
from connections.unicore.errors import JobGone, SiteError, SiteRefused, SiteUnavailable
from connections.unicore.sites import make_client
from connections.unicore.values import JobState
from mantik.demo.sandbox.sandbox_site import SandboxSite
from tests.contract.jobs import inline
from tests.support.sites import RunningSite
from tests.support.waiting import wait_until


def client_at(site: RunningSite, login: str = "demo", *, password: str | None = None) -> SiteClient:
    credential = password_credential(login, password or site.users[login].password)
    return make_client(site.base_url, credential, site.ca_bundle.read_text() if site.ca_bundle else None)


@pytest.fixture
def client(site: RunningSite) -> SiteClient:
    return client_at(site)


@pytest.fixture
def tag() -> str:
    return f"mantik-{uuid4()}"


Submit = Callable[..., str]


@pytest.fixture
def submit(client: SiteClient, tag: str) -> Iterator[Submit]:
    """Submits jobs that wait for their start, and removes them in the end."""
    made: list[str] = []

    def submit(executable: str = "true", *arguments: str, **more: Any) -> str:
        description = {"Executable": executable, "Arguments": list(arguments), "Tags": [tag]}
        url = client.submit(description | {"haveClientStageIn": "true"} | more)
        made.append(url)
        return url

    yield submit
    for url in made:
        _forget(client, url)


def _forget(client: SiteClient, url: str) -> None:
    try:
        client.delete(url)
    except JobGone:
        return


def test_a_run_from_submission_to_its_end(client: SiteClient, submit: Submit, site: RunningSite, tag: str) -> None:
    job = submit("/bin/bash", "s", Imports=[inline("s", "echo hello; exit 3")], Project="other")
    assert job.startswith(site.base_url)
    assert client.find_jobs(tag) == [job]
    wait_until(lambda: client.status(job).state is JobState.READY)
    client.start(job)
    client.start(job)
    wait_until(lambda: client.status(job).state.is_over)
    status = client.status(job)
    assert (status.state, status.exit_code, status.queue) == (JobState.FAILED, 3, "batch")
    assert status.message.startswith("User application exited with non-zero exit code: <3>")
    assert status.batch_system_id
    assert status.consumed_seconds.keys() >= {"stage-in", "queued", "main"}
    assert status.submitted_at
    assert status.terminates_at
    assert status.terminates_at > status.submitted_at


def test_a_job_is_kept_for_longer(client: SiteClient, submit: Submit) -> None:
    job = submit()
    wait_until(lambda: client.status(job).state is JobState.READY)
    status = client.status(job)
    assert status.answered_at
    assert status.terminates_at
    assert abs(status.answered_at - datetime.now(UTC)) < timedelta(minutes=5)
    longer = status.terminates_at.astimezone(timezone(timedelta(hours=-9, minutes=-30))) + timedelta(days=20)
    client.keep_until(job, longer)
    assert client.status(job).terminates_at == longer


def test_but_no_longer_than_the_site_allows(strict_site: RunningSite, tag: str) -> None:
    client = client_at(strict_site)
    job = client.submit({"Executable": "true", "Tags": [tag], "haveClientStageIn": "true"})
    try:
        wait_until(lambda: client.status(job).state is JobState.READY)
        with pytest.raises(SiteRefused) as refusal:
            client.keep_until(job, datetime.now(UTC) + timedelta(days=3))
        assert refusal.value.code == "refused.lifetime"
        assert refusal.value.message == (
            f"{client.urls.host} does not keep the job for so long. It says: Error setting property: Requested "
            "lifetime is larger than maximum configured on the system."
        )
    finally:
        client.delete(job)


def test_all_jobs_with_a_tag_are_found_over_several_pages(
    client: SiteClient, submit: Submit, tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connections.unicore.client._JOBS_PER_PAGE", 2)
    made = [submit() for _ in range(5)]
    assert sorted(client.find_jobs(tag)) == sorted(made)
    assert client.find_jobs(f"{tag}x") == []


def test_an_aborted_job_has_failed_with_the_words_for_it(client: SiteClient, submit: Submit) -> None:
    job = submit("sleep", "60")
    client.start(job)
    wait_until(lambda: client.status(job).state is JobState.RUNNING)
    client.abort(job)
    wait_until(lambda: client.status(job).state.is_over)
    status = client.status(job)
    assert (status.state, status.message, status.exit_code) == (JobState.FAILED, "Job aborted.", None)


def keep_for_a_day(client: SiteClient) -> Callable[[str], None]:
    return lambda job: client.keep_until(job, datetime.now(UTC) + timedelta(days=1))


def test_a_deleted_job_is_gone(client: SiteClient, submit: Submit) -> None:
    job = submit()
    client.delete(job)

    def is_gone() -> bool:
        try:
            client.status(job)
        except JobGone:
            return True
        return False

    wait_until(is_gone)
    for call in (client.start, client.abort, client.delete, client.ready_for_upload, keep_for_a_day(client)):
        with pytest.raises(JobGone):
            call(job)
    assert client.stat(job, "stdout") is None


def test_the_states_of_many_jobs_with_one_missing(client: SiteClient, submit: Submit, site: RunningSite) -> None:
    made = [submit() for _ in range(20)]
    missing = f"{site.base_url}/jobs/no-such-job"
    asked = [*made[:10], missing, *made[10:]]
    answers = dict(client.statuses(asked))
    assert list(answers) == asked
    assert isinstance(answers.pop(missing), JobGone)
    assert all(not isinstance(answer, SiteError) for answer in answers.values())


def test_a_file_is_uploaded_and_read_in_pieces(client: SiteClient, submit: Submit) -> None:
    job = submit()
    content = bytes(range(256)) * 4096
    wait_until(lambda: client.ready_for_upload(job))
    client.upload(job, "code/archive.bin", io.BytesIO(content), len(content))
    stat = client.stat(job, "code/archive.bin")
    assert stat
    assert (stat.size, stat.is_directory) == (len(content), False)
    assert client.read(job, "code/archive.bin", 1000, 24) == content[1000:1024]
    assert client.read(job, "code/archive.bin", len(content) - 10, 1000) == content[-10:]
    assert client.read(job, "code/archive.bin", 0, len(content) * 2) == content


def test_an_upload_before_the_directory_is_there_can_be_tried_again(tmp_path: Path) -> None:
    """At the sandbox site alone, which can be told to take its time."""
    with SandboxSite(tmp_path, staging_delay=60) as slow:
        user = slow.users["demo"]
        credential = password_credential(user.login, user.password)
        client = make_client(slow.base_url, credential, None)
        job = client.submit({"Executable": "true", "haveClientStageIn": "true"})
        assert not client.ready_for_upload(job)
        with pytest.raises(SiteUnavailable) as failure:
            client.upload(job, "data", io.BytesIO(b"x"), 1)
        assert not failure.value.concerns_whole_site
    with SandboxSite(tmp_path) as quick:
        client = make_client(quick.base_url, credential, None)
        job = f"{quick.base_url}/jobs/{job.rsplit('/', 1)[1]}"
        wait_until(lambda: client.ready_for_upload(job))
        client.upload(job, "data", io.BytesIO(b"x"), 1)
        assert client.read(job, "data", 0, 10) == b"x"


def test_a_file_that_is_not_there(client: SiteClient, submit: Submit) -> None:
    job = submit()
    wait_until(lambda: client.ready_for_upload(job))
    assert client.stat(job, "stdout") is None
    assert client.read(job, "stdout", 0, 10) == b""


def test_who_we_are_and_whether_jobs_are_taken(client: SiteClient, site: RunningSite) -> None:
    access = client.access()
    user = site.users["demo"]
    assert (access.role, access.login_name, access.dn) == ("user", user.uid, user.dn)
    assert (access.login_names, access.groups) == ((user.uid,), (user.group,))
    assert access.takes_jobs
    assert access.server_dn
    with site.closed("down for lunch"):
        closed = client.access()
    assert (closed.takes_jobs, closed.message) == (False, "down for lunch")


# What goes wrong


def test_a_wrong_password_is_refused(site: RunningSite) -> None:
    with pytest.raises(SiteRefused) as refusal:
        client_at(site, password="wrong").access()
    assert refusal.value.code == "refused.credentials"


def test_maintenance_is_unavailable_in_the_sites_words(client: SiteClient, site: RunningSite, tag: str) -> None:
    with site.closed("down for lunch"), pytest.raises(SiteUnavailable) as failure:
        client.submit({"Executable": "true", "Tags": [tag]})
    assert failure.value.code == "unavailable.maintenance"
    assert failure.value.site_words == "down for lunch"
    assert client.find_jobs(tag) == []


def test_an_unknown_job_is_gone(client: SiteClient, site: RunningSite) -> None:
    with pytest.raises(JobGone):
        client.status(f"{site.base_url}/jobs/no-such-job")


def test_a_job_of_somebody_else_says_nothing_against_the_login(submit: Submit, site: RunningSite) -> None:
    job = submit()
    other = client_at(site, "other")
    calls: list[Callable[[str], object]] = [other.status, other.start, other.abort, other.delete]
    for call in calls:
        with pytest.raises(SiteRefused) as refusal:
            call(job)
        assert refusal.value.code == "refused.forbidden"
        assert not refusal.value.concerns_whole_site


def test_a_full_quota_is_unavailable_in_the_sites_words(strict_site: RunningSite, tag: str) -> None:
    client = client_at(strict_site)
    description = {"Executable": "true", "Tags": [tag], "haveClientStageIn": "true"}
    made = [client.submit(description) for _ in range(2)]
    try:
        with pytest.raises(SiteUnavailable) as failure:
            client.submit(description)
        assert failure.value.code == "unavailable.quota"
        assert "Limit of <2> instances of <JobManagement>" in (failure.value.site_words or "")
        assert sorted(client.find_jobs(tag)) == sorted(made)
    finally:
        for job in made:
            client.delete(job)


def test_refused_resources_are_told_by_the_job(client: SiteClient, submit: Submit) -> None:
    job = submit(Project="nope")
    client.start(job)
    wait_until(lambda: client.status(job).state.is_over)
    assert "Resource request <Project=nope> is out of range." in client.status(job).message


def test_an_ended_session_is_opened_again_unnoticed(site: RunningSite, tag: str) -> None:
    client = client_at(site)
    client.access()
    # The site keeps five of them, and throws out the oldest.
    with site.client("demo") as crowd:
        for _ in range(80):
            crowd.get(site.base_url)
    job = client.submit({"Executable": "true", "Tags": [tag], "haveClientStageIn": "true"})
    try:
        assert client.find_jobs(tag) == [job]
    finally:
        client.delete(job)


def test_a_site_that_was_started_again_is_no_trouble(tmp_path: Path) -> None:
    with SandboxSite(tmp_path) as first:
        port, user = first.port, first.users["demo"]
        client = make_client(first.base_url, password_credential(user.login, user.password), None)
        job = client.submit({"Executable": "true", "haveClientStageIn": "true"})
    with pytest.raises(SiteUnavailable):
        client.status(job)
    with SandboxSite(tmp_path, port=port):
        assert client.status(job).state in {JobState.READY, JobState.STAGINGIN}
