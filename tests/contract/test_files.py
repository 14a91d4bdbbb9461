"""The working directory of a job and the files in it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.contract.jobs import BYTES, SiteJob, Submitter
from tests.support.sites import RunningSite
from tests.support.waiting import wait_until

CONTENT = b"0123456789"


@pytest.fixture
def filled(waiting: SiteJob) -> SiteJob:
    """A waiting job with a file of ten bytes."""
    assert waiting.put("data", CONTENT).status_code == 204
    return waiting


def test_the_directory_appears_a_moment_after_the_job(jobs: Submitter) -> None:
    job = jobs.submit("true", haveClientStageIn="true")
    answer = job.put("data", CONTENT)
    # Which of the two depends on who is faster.
    assert answer.status_code in {204, 500}
    assert not answer.content or answer.json()["errorMessage"].startswith("Error uploading to '/data'")
    wait_until(lambda: job.put("data", CONTENT).status_code == 204)
    assert job.read("data").content == CONTENT


def test_the_directory_tells_where_it_is(waiting: SiteJob, site: RunningSite) -> None:
    told = waiting.client.get(waiting.storage).json()
    assert (told["resourceStatus"], told["owner"]) == ("READY", site.users["demo"].dn)
    assert told["mountPoint"] == str(site.directory / waiting.id)


def test_an_upload_makes_the_folders_on_its_way(waiting: SiteJob) -> None:
    assert waiting.put("a/b/c.txt", b"abc").status_code == 204
    assert waiting.read("a/b/c.txt").content == b"abc"


def test_an_upload_replaces_what_was_there(filled: SiteJob) -> None:
    assert filled.put("data", b"new").status_code == 204
    assert filled.read("data").content == b"new"


def test_an_upload_may_be_of_unknown_length(waiting: SiteJob) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"one "
        yield b"two"

    answer = waiting.client.put(waiting.file_url("data"), content=pieces(), headers=BYTES)
    assert answer.status_code == 204
    assert waiting.read("data").content == b"one two"


def test_large_and_empty_files_arrive_whole(waiting: SiteJob) -> None:
    large = bytes(range(256)) * 8192
    assert waiting.put("large", large).status_code == 204
    assert waiting.put("empty", b"").status_code == 204
    assert waiting.read("large").content == large
    assert waiting.read("empty").content == b""


def test_names_may_hold_blanks_and_umlauts(waiting: SiteJob) -> None:
    assert waiting.put("two%20words%20%C3%A4", b"x").status_code == 204
    assert waiting.read("two%20words%20%C3%A4").content == b"x"
    assert "/two words ä" in waiting.stat("").json()["content"]


def test_an_upload_must_say_that_it_is_bytes(waiting: SiteJob) -> None:
    assert waiting.client.put(waiting.file_url("data"), content=b"x").status_code == 415
    assert waiting.stat("data").status_code == 404


def test_a_folder_cannot_be_overwritten_by_a_file(waiting: SiteJob) -> None:
    waiting.put("folder/file", b"x")
    answer = waiting.put("folder", b"x")
    assert answer.status_code == 500
    assert "Error uploading to '/folder'" in answer.json()["errorMessage"]


@pytest.mark.parametrize(
    ("asked", "content"),
    [
        ("2-4", b"234"),
        ("2-", b"23456789"),
        ("0-0", b"0"),
        ("0-", CONTENT),
        ("5-100", b"56789"),
        ("-3", b"789"),
        ("-10", CONTENT),
        ("10-", b""),
        ("10-12", b""),
        ("11-", b""),
        ("20-30", b""),
    ],
)
def test_a_range_is_sent_without_telling_the_size(filled: SiteJob, asked: str, content: bytes) -> None:
    answer = filled.read("data", bytes_=asked)
    assert (answer.status_code, answer.content) == (206, content)
    assert "content-range" not in answer.headers


@pytest.mark.parametrize("asked", ["-30", "4-2", "x", "-", "0-1,3-4"])
def test_a_range_that_makes_no_sense_is_refused(filled: SiteJob, asked: str) -> None:
    answer = filled.read("data", bytes_=asked)
    assert answer.status_code == 416
    assert answer.json()["errorMessage"].startswith(f"Range header 'bytes={asked}' cannot be parsed")


def test_a_file_without_a_range_comes_whole(filled: SiteJob) -> None:
    answer = filled.read("data")
    assert (answer.status_code, answer.content) == (200, CONTENT)


def test_the_facts_about_a_file(filled: SiteJob) -> None:
    answer = filled.stat("data")
    facts = answer.json()
    assert (facts["size"], facts["isDirectory"], facts["permissions"]) == (10, False, "rw-")
    assert facts["lastAccessed"].endswith("+0000")
    assert answer.headers["accept-ranges"] == "bytes"


def test_the_list_of_a_folder(filled: SiteJob) -> None:
    filled.put("folder/one", b"1")
    filled.put("folder/deep/two", b"22")
    listing = filled.stat("folder").json()
    assert listing["isDirectory"] is True
    sizes = {name: facts["size"] for name, facts in listing["content"].items() if not facts["isDirectory"]}
    assert sizes == {"/folder/one": 1}
    assert [name for name, facts in listing["content"].items() if facts["isDirectory"]] == ["/folder/deep/"]
    assert set(filled.stat("").json()["content"]) == {"/data", "/folder/"}


def test_a_folder_cannot_be_read_as_bytes(waiting: SiteJob) -> None:
    waiting.put("folder/file", b"x")
    assert waiting.read("folder").status_code == 406


def test_what_is_not_there_is_not_found(waiting: SiteJob) -> None:
    answers = [waiting.stat("nope"), waiting.read("nope"), waiting.read("nope", bytes_="0-9")]
    assert [(answer.status_code, answer.content) for answer in answers] == [(404, b"")] * 3


def test_the_directory_of_an_unknown_job_is_not_found(demo: httpx.Client, site: RunningSite) -> None:
    url = f"{site.base_url}/storages/no-such-job-uspace"
    assert demo.get(url).status_code == 404
    assert demo.get(f"{url}/files/stdout").status_code == 404
    assert demo.put(f"{url}/files/data", content=b"x", headers=BYTES).status_code == 404


def test_a_path_out_of_the_directory_is_a_bad_request(waiting: SiteJob) -> None:
    for path in ("%2e%2e/", "%2e%2e/%2e%2e/etc/passwd"):
        assert waiting.client.get(waiting.file_url(path)).status_code == 400


def test_folders_can_be_made(waiting: SiteJob) -> None:
    for _ in range(2):
        answer = waiting.client.post(waiting.file_url("new/folder"), json={})
        assert (answer.status_code, answer.headers["location"]) == (201, waiting.file_url("new/folder"))
    assert waiting.stat("new/folder").json()["isDirectory"] is True


def test_files_and_folders_can_be_deleted(filled: SiteJob) -> None:
    filled.put("folder/file", b"x")
    assert filled.client.delete(filled.file_url("data")).status_code == 204
    assert filled.client.delete(filled.file_url("folder")).status_code == 204
    assert filled.stat("").json()["content"] == {}
    assert filled.client.delete(filled.file_url("data")).status_code == 500


def test_files_can_be_renamed_and_copied(filled: SiteJob) -> None:
    def act(name: str, **parameters: str) -> int:
        return filled.client.post(f"{filled.storage}/actions/{name}", json=parameters).status_code

    assert act("rename", **{"from": "/data", "to": "/renamed"}) == 204
    assert act("copy", **{"from": "/renamed", "to": "/copied"}) == 204
    assert set(filled.stat("").json()["content"]) == {"/renamed", "/copied"}
    assert act("rename", **{"from": "/renamed"}) == 400
    assert act("copy", **{"from": "/nope", "to": "/x"}) == 500
    assert act("nope", **{"from": "/renamed", "to": "/x"}) == 404
