"""Jobs that a site takes and then refuses, in words that Mantik shows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.jobs import Submitter, inline

_RESOURCES = {
    "queue": ({"Queue": "nope"}, "Resource request <Queue = nope> is out of range."),
    "nodes": ({"Nodes": 99}, "Resource request <Nodes=99> is out of range."),
    "runtime": ({"Runtime": "2d"}, "Resource request <Runtime=172800> is out of range."),
    "no time": ({"Runtime": 0}, "Resource request <Runtime=0> is out of range."),
    "memory": ({"MemoryPerNode": "100G"}, "Resource request <MemoryPerNode=107374182400> is out of range."),
    "account": ({"Project": "nope"}, "Resource request <Project=nope> is out of range."),
    "no gpus there": (
        {"Queue": "devel", "GPUsPerNode": 0},
        "Resource <GPUsPerNode> is not available for partition <devel>",
    ),
    "unknown": ({"CPUs": 4}, "Resource <CPUs> is not available for partition <batch>"),
}


@pytest.mark.parametrize(("asked", "words"), _RESOURCES.values(), ids=_RESOURCES.keys())
def test_resources_that_the_queue_does_not_have(jobs: Submitter, asked: dict[str, Any], words: str) -> None:
    over = jobs.submit("true", Resources=asked).until_over()
    assert (over["status"], over["queue"], over["batchSystemID"]) == ("FAILED", "N/A", "N/A")
    assert words in over["statusMessage"]
    assert "Invalid resource request" in over["statusMessage"]
    assert "exitCode" not in over


def test_a_waiting_job_is_refused_when_it_is_started(jobs: Submitter) -> None:
    job = jobs.submit_waiting(Project="nope")
    assert job.get("status")["status"] == "READY"
    job.act("start")
    assert "<Project=nope>" in job.until_over()["statusMessage"]


def test_a_run_time_that_cannot_be_read(jobs: Submitter) -> None:
    over = jobs.submit("true", Resources={"Runtime": "00:10:00"}).until_over()
    assert over["status"] == "FAILED"
    assert "Could not parse requested resource <Runtime>" in over["statusMessage"]


@pytest.mark.parametrize("asked", ["90", "90s", "2min", "1h", 90])
def test_run_times_may_have_units(jobs: Submitter, asked: str | int) -> None:
    job = jobs.submit_waiting(Resources={"Runtime": asked})
    job.act("start")
    over = job.until_over()
    assert over["status"] == "SUCCESSFUL"
    seconds = {"90": 90, "90s": 90, "2min": 120, "1h": 3600}[str(asked)]
    assert any(f"Runtime={seconds}" in line for line in over["log"])


def test_the_account_of_the_job_counts_more_than_that_of_its_resources(jobs: Submitter) -> None:
    over = jobs.submit("true", Project="demo", Resources={"Project": "other"}).until_over()
    assert any("Project=demo" in line for line in over["log"])


def test_settings_for_the_batch_system_pass_unchecked(jobs: Submitter) -> None:
    asked = {"QoS": "high", "Reservation": "mine", "NodeConstraints": "fast"}
    assert jobs.submit("true", Resources=asked).until_over()["status"] == "SUCCESSFUL"


def test_an_unknown_application(jobs: Submitter) -> None:
    over = jobs.submit("", ApplicationName="Nope").until_over()
    assert over["status"] == "FAILED"
    assert "The requested Application 'Nope' is not available." in over["statusMessage"]


def test_an_unknown_kind_of_job(jobs: Submitter) -> None:
    assert "JobType.NOPE" in jobs.submit("true", **{"Job type": "nope"}).until_over()["statusMessage"]


def test_imports_that_are_no_list(jobs: Submitter) -> None:
    over = jobs.submit("true", Imports="nope").until_over()
    assert "'Imports' must be an array or a map" in over["statusMessage"]


def test_a_file_that_cannot_be_staged(jobs: Submitter) -> None:
    over = jobs.submit("true", Imports=[{"From": "file:///no/such/file", "To": "data"}]).until_over()
    assert over["status"] == "FAILED"
    assert over["statusMessage"].startswith("Staging in failed. Reason: Filetransfer FAILED")
    assert "/no/such/file" in over["statusMessage"]


def test_an_import_to_a_place_outside_of_the_job(jobs: Submitter) -> None:
    over = jobs.submit("true", Imports=[inline("../../escaped", "x")]).until_over()
    assert over["status"] == "FAILED"
    assert "too many '..'" in over["statusMessage"]
