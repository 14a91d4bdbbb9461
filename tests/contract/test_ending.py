"""Aborting, restarting, deleting and outliving jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.contract.jobs import SiteJob, Submitter
from tests.support.sites import RunningSite
from tests.support.waiting import wait_until


def test_an_aborted_job_has_failed_with_these_words(jobs: Submitter) -> None:
    job = jobs.submit("sleep", "60")
    job.until("RUNNING")
    assert job.act("abort") == 204
    over = job.until_over()
    assert (over["status"], over["statusMessage"]) == ("FAILED", "Job aborted.")
    assert "exitCode" not in over


def test_a_waiting_job_can_be_aborted_and_never_runs(jobs: Submitter) -> None:
    job = jobs.submit_waiting("touch", "ran")
    assert job.act("abort") == 204
    over = job.until_over()
    assert (over["status"], over["statusMessage"]) == ("FAILED", "Job aborted.")
    assert job.act("start") == 204
    assert job.get("status,batchSystemID") == {"status": "FAILED", "batchSystemID": "N/A"}
    assert job.stat("ran").status_code == 404


def test_an_abort_right_after_the_submission_is_honoured(jobs: Submitter) -> None:
    job = jobs.submit("true", haveClientStageIn="true")
    assert job.act("abort") == 204
    assert job.until_over()["statusMessage"] == "Job aborted."


def test_aborting_what_is_over_changes_nothing(jobs: Submitter) -> None:
    job = jobs.submit("true")
    job.until_over()
    assert job.act("abort") == 204
    assert job.get("status,statusMessage") == {"status": "SUCCESSFUL", "statusMessage": ""}


def test_a_finished_job_can_run_again_in_its_directory(jobs: Submitter) -> None:
    job = jobs.submit("/bin/bash", "-c", "'echo again >> runs'")
    first = job.until_over()["batchSystemID"]
    assert job.act("restart") == 204
    wait_until(lambda: job.read("runs").content == b"again\nagain\n")
    assert job.until_over()["batchSystemID"] != first


def test_restarting_what_runs_changes_nothing(jobs: Submitter) -> None:
    job = jobs.submit("sleep", "60")
    job.until("RUNNING")
    assert job.act("restart") == 204
    assert job.get("status")["status"] == "RUNNING"


def test_an_unknown_action_is_not_found(waiting: SiteJob) -> None:
    assert waiting.act("explode") == 404


def test_an_action_needs_a_json_body(waiting: SiteJob) -> None:
    assert waiting.client.post(f"{waiting.url}/actions/abort").status_code == 415
    assert waiting.get("status")["status"] == "READY"


def test_a_deleted_job_is_gone_with_its_directory(jobs: Submitter, site: RunningSite) -> None:
    job = jobs.submit("touch", "file")
    job.until_over()
    assert job.client.delete(job.url).status_code == 204
    wait_until(lambda: job.client.get(job.url).status_code == 404)
    wait_until(lambda: not (site.directory / job.id).exists())
    assert jobs.listed(tags=jobs.tag) == []


def test_a_running_job_can_be_deleted(jobs: Submitter, site: RunningSite) -> None:
    job = jobs.submit("sleep", "60")
    job.until("RUNNING")
    assert job.client.delete(job.url).status_code == 204
    wait_until(lambda: job.client.get(job.url).status_code == 404)
    wait_until(lambda: not (site.directory / job.id).exists())


@pytest.mark.parametrize("path", ["", "/submitted", "/details"])
def test_an_unknown_job_is_not_found(demo: httpx.Client, site: RunningSite, path: str) -> None:
    answer = demo.get(f"{site.base_url}/jobs/no-such-job{path}")
    assert (answer.status_code, answer.content) == (404, b"")


def test_nothing_can_be_done_with_an_unknown_job(demo: httpx.Client, site: RunningSite) -> None:
    url = f"{site.base_url}/jobs/no-such-job"
    assert demo.delete(url).status_code == 404
    assert demo.put(url, json={"tags": ["a"]}).status_code == 404
    assert demo.post(f"{url}/actions/abort", json={}).status_code == 404


def test_a_job_can_be_given_more_time(waiting: SiteJob) -> None:
    later = _in_hours(30 * 24)
    assert waiting.client.put(waiting.url, json={"terminationTime": later}).json() == {"terminationTime": "OK"}
    assert waiting.get("terminationTime")["terminationTime"] == later


def _in_hours(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S+0000")


def test_a_date_that_cannot_be_read_is_refused_in_words(waiting: SiteJob) -> None:
    answer = waiting.client.put(waiting.url, json={"terminationTime": "tomorrow", "nope": 1})
    assert answer.status_code == 200
    assert answer.json()["terminationTime"].startswith("Error setting property")
    assert answer.json()["nope"] == "Property not found or cannot be modified!"


def test_more_than_the_site_allows_is_refused_in_words_and_changes_nothing(strict_site: RunningSite) -> None:
    with strict_site.client("demo") as client:
        jobs = Submitter(strict_site, client)
        job = jobs.submit_waiting()
        try:
            before = job.get("terminationTime")
            assert job.client.put(job.url, json={"terminationTime": _in_hours(50)}).json() == {
                "terminationTime": "Error setting property: "
                "eu.unicore.services.exceptions.InvalidModificationException: "
                "Requested lifetime is larger than maximum configured on the system."
            }
            assert job.get("terminationTime") == before
            allowed = {"terminationTime": _in_hours(47)}
            assert job.client.put(job.url, json=allowed).json() == {"terminationTime": "OK"}
            assert job.get("terminationTime") == allowed
        finally:
            client.delete(job.url)


@pytest.mark.parametrize("key", ["terminationTime", "Job lifetime", "Lifetime"])
def test_no_other_time_can_be_asked_for_with_the_job(jobs: Submitter, key: str) -> None:
    dates = jobs.submit_waiting(**{key: _in_hours(40)}).get("submissionTime,terminationTime")
    submitted, ends = (datetime.fromisoformat(dates[name]) for name in ("submissionTime", "terminationTime"))
    # The site takes the two times one after the other.
    assert timedelta(hours=24) <= ends - submitted < timedelta(hours=25)


def test_a_running_job_goes_at_its_time_with_its_files(jobs: Submitter, site: RunningSite) -> None:
    job = jobs.submit("sleep", "60")
    job.until("RUNNING")
    assert (site.directory / job.id).exists()
    assert job.client.put(job.url, json={"terminationTime": _in_hours(0)}).json() == {"terminationTime": "OK"}
    wait_until(lambda: job.client.get(job.url).status_code == 404)
    wait_until(lambda: not (site.directory / job.id).exists())


def test_a_job_whose_time_is_over_vanishes(waiting: SiteJob) -> None:
    over = {"terminationTime": "2020-01-01T00:00:00+0000"}
    assert waiting.client.put(waiting.url, json=over).json() == {"terminationTime": "OK"}
    wait_until(lambda: waiting.client.get(waiting.url).status_code == 404)
    assert waiting.stat("stdout").status_code == 404
