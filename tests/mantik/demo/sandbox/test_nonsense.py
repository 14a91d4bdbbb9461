"""Descriptions that nobody should write: the job ends, whatever they hold, and the site goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mantik.demo.sandbox.sandbox_site import SandboxSite
from tests.contract.jobs import OVER, Submitter, inline
from tests.mantik.demo.sandbox.conftest import SubmitterOf


@pytest.mark.parametrize(
    "more",
    [
        {"Imports": [1]},
        {"Imports": [inline("a", "\ud800")]},
        {"Imports": [{"To": "a", "Data": 5}]},
        {"Imports": [inline("", "x")]},
        {"Imports": [inline("a/../../b", "x")]},
        {"Imports": [{"From": "https://example.invalid/x", "To": "a"}]},
        {"Imports": {"a": "file:///no/such/file"}},
        {"Exports": [1]},
        {"Arguments": 5},
        {"Environment": 5},
        {"Environment": ["A=B", "C"]},
        {"Stdout": "no/such/folder/out"},
        {"Stdin": "nope"},
        {"Resources": "all"},
        {"Resources": {"Nodes": None}},
        {"Name": "\ud800", "Project": 7},
        {"User precommand": 5},
        {"User precommand": "exit 1; echo \x00"},
        {"NotificationSettings": {"URL": "nonsense", "status": 5}},
        {"NotificationSettings": {"URL": 5}},
        {"Notification": ["http://127.0.0.1:1"]},
    ],
    ids=str,
)
def test_a_job_that_makes_no_sense_ends(jobs: Submitter, more: dict[str, Any]) -> None:
    job = jobs.submit("true", **more)
    over = job.until_over()
    assert over["status"] in OVER
    assert jobs.submit("true").until_over()["status"] == "SUCCESSFUL"


@pytest.mark.parametrize("tags", ["a b", 5, None, {"a": 1}, [1, None]])
def test_tags_that_make_no_sense_do_not_keep_a_job_from_running(jobs: Submitter, tags: object) -> None:
    assert jobs.submit("true", Tags=tags).until_over()["status"] == "SUCCESSFUL"


def test_a_site_may_live_below_a_path_with_blanks(tmp_path: Path, jobs_at: SubmitterOf) -> None:
    with SandboxSite(tmp_path / "my data") as site:
        job = jobs_at(site).shell(
            "pwd; cat in", Stdin="in", Environment={"A": "b c"}, **{"User precommand": "echo x > in"}
        )
        over = job.until_over()
        assert (over["status"], over["exitCode"]) == ("SUCCESSFUL", "0")
        assert job.read("stdout").text == f"{site.jobs_directory / job.id}\nx\n"
