"""Submitting jobs, finding them again, starting them."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest

from tests.contract.jobs import SiteJob, Submitter, inline
from tests.support.sites import RunningSite


def test_a_submission_is_answered_with_the_address_of_the_job(jobs: Submitter, site: RunningSite) -> None:
    answer = jobs.post({"Executable": "true", "Tags": [jobs.tag]})
    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["location"].startswith(f"{site.base_url}/jobs/")


def test_a_job_without_client_stage_in_starts_by_itself(jobs: Submitter) -> None:
    job = jobs.submit("echo", "hello")
    over = job.until_over()
    assert (over["status"], over["exitCode"], over["statusMessage"]) == ("SUCCESSFUL", "0", "")
    assert job.read("stdout").content == b"hello\n"


def test_a_job_with_client_stage_in_waits_for_its_start(waiting: SiteJob) -> None:
    assert waiting.get("status,batchSystemID,queue") == {"status": "READY", "batchSystemID": "N/A", "queue": "N/A"}
    assert waiting.act("start") == 204
    assert waiting.until_over()["status"] == "SUCCESSFUL"


def test_a_start_right_after_the_submission_is_honoured(jobs: Submitter) -> None:
    job = jobs.submit("true", haveClientStageIn="true")
    assert job.act("start") == 204
    assert job.until_over()["status"] == "SUCCESSFUL"


def test_a_second_start_changes_nothing(jobs: Submitter) -> None:
    job = jobs.submit_waiting("/bin/bash", "-c", "'echo once >> runs; sleep 0.3'")
    assert [job.act("start"), job.act("start")] == [204, 204]
    job.until("RUNNING", "SUCCESSFUL")
    assert job.act("start") == 204
    job.until_over()
    assert job.act("start") == 204
    assert job.read("runs").content == b"once\n"
    assert job.get("status")["status"] == "SUCCESSFUL"


def test_jobs_are_found_by_their_tag_at_once(jobs: Submitter) -> None:
    assert jobs.listed(tags=jobs.tag) == []
    job = jobs.submit("true", haveClientStageIn="true")
    assert jobs.listed(tags=jobs.tag) == [job.url]


def test_a_tag_is_matched_as_a_whole(jobs: Submitter) -> None:
    jobs.submit("true", haveClientStageIn="true")
    assert jobs.listed(tags=jobs.tag[:-1]) == []
    assert jobs.listed(tags=f"{jobs.tag}x") == []


def test_several_tags_must_all_be_there(jobs: Submitter) -> None:
    mine = str(uuid4())
    both = jobs.submit("true", Tags=[jobs.tag, mine], haveClientStageIn="true")
    jobs.submit("true", haveClientStageIn="true")
    assert jobs.listed(tags=f"{jobs.tag},{mine}") == [both.url]


def test_a_tagged_list_comes_in_pages(jobs: Submitter) -> None:
    made = {jobs.submit("true", haveClientStageIn="true").url for _ in range(5)}
    pages = [jobs.listed(tags=jobs.tag, offset=offset, num=2) for offset in (0, 2, 4, 6)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert {url for page in pages for url in page} == made


def test_the_link_to_the_next_page_forgets_the_tag(jobs: Submitter) -> None:
    for _ in range(3):
        jobs.submit("true", haveClientStageIn="true")
    links = jobs.listing(tags=jobs.tag, offset=0, num=2).json()["_links"]
    assert jobs.tag not in links["next"]["href"]
    assert "offset=2" in links["next"]["href"]


def test_tags_can_be_changed_later(waiting: SiteJob, jobs: Submitter) -> None:
    tag = str(uuid4())
    answer = waiting.client.put(waiting.url, json={"tags": [tag]})
    assert answer.json() == {"tags": "OK"}
    assert jobs.listed(tags=tag) == [waiting.url]
    assert jobs.listed(tags=jobs.tag) == []


def test_the_description_is_kept_without_inline_data(jobs: Submitter) -> None:
    job = jobs.submit_waiting("cat", "secret", Name="nightly", Imports=[inline("secret", "s3cret")])
    kept = job.client.get(f"{job.url}/submitted").json()
    assert kept["Name"] == "nightly"
    assert kept["Imports"] == [inline("secret", "n/a")]


@pytest.mark.parametrize("body", [b"nope", b"[1]", b""])
def test_what_is_no_json_object_is_refused_with_words(demo: httpx.Client, site: RunningSite, body: bytes) -> None:
    answer = demo.post(f"{site.base_url}/jobs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 500
    assert answer.json()["errorMessage"].startswith("Could not submit job: org.json.JSONException")


def test_a_submission_must_say_that_it_is_json(demo: httpx.Client, site: RunningSite) -> None:
    answer = demo.post(f"{site.base_url}/jobs", content=b"{}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


def test_the_whole_archive_may_come_inside_the_description(jobs: Submitter) -> None:
    data = "YWJj" * 175_000
    job = jobs.submit_waiting("true", Imports=[inline("code.b64", data)])
    assert job.read("code.b64").text == data


def test_inline_files_come_as_they_are(jobs: Submitter) -> None:
    imports = [
        inline("deep/in/here", "no line break"),
        inline("lines", ["one", "two"]),
        inline("umlauts", "äöü €\n"),
    ]
    job = jobs.submit_waiting(Imports=imports)
    assert job.read("deep/in/here").content == b"no line break"
    assert job.read("lines").content == b"one\ntwo\n"
    assert job.read("umlauts").content == "äöü €\n".encode()


def test_a_private_import_can_be_read_by_its_owner_only(jobs: Submitter, site: RunningSite) -> None:
    job = jobs.submit_waiting(Imports=[inline("env", "A='1'\n", Permissions="rw-------")])
    assert job.stat("env").json()["permissions"] == "rw-"
    mode = (site.directory / job.id / "env").stat().st_mode
    assert mode & 0o777 == 0o600


def test_an_import_that_is_not_there_may_be_optional(jobs: Submitter) -> None:
    imports = [{"From": "file:///no/such/file", "To": "data", "FailOnError": "false"}]
    assert jobs.submit("true", Imports=imports).until_over()["status"] == "SUCCESSFUL"
