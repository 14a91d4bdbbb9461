"""What a job finds when it runs, and what the site tells of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.jobs import SiteJob, Submitter, inline
from tests.support.sites import RunningSite
from tests.support.waiting import wait_until


def test_the_properties_of_a_finished_job(jobs: Submitter, site: RunningSite) -> None:
    job = jobs.submit("true", Name="nightly", Project="other")
    over = job.until_over()
    assert (over["name"], over["jobType"], over["queue"]) == ("nightly", "BATCH", "batch")
    assert over["owner"] == site.users["demo"].dn
    assert over["tags"] == [jobs.tag]
    assert over["batchSystemID"] != "N/A"
    assert {over["consumedTime"][phase] for phase in ("preCommand", "postCommand")} == {"N/A"}
    assert all(over["consumedTime"][phase].isdigit() for phase in ("total", "stage-in", "queued", "main", "stage-out"))
    assert any("Project=other" in line for line in over["log"])


def test_dates_carry_a_zone_and_a_job_lives_for_a_day(waiting: SiteJob) -> None:
    dates = waiting.get("submissionTime,terminationTime")
    submitted, ends = (datetime.fromisoformat(dates[name]) for name in ("submissionTime", "terminationTime"))
    assert abs(submitted - datetime.now(UTC)) < timedelta(minutes=5)
    assert timedelta(hours=23) < ends - submitted < timedelta(hours=25)


def test_only_the_fields_asked_for_are_sent(waiting: SiteJob) -> None:
    assert set(waiting.get("status,statusMessage,queue")) == {"status", "statusMessage", "queue"}
    assert set(waiting.get("status queue")) == {"status", "queue"}
    assert waiting.get("no-such-field") == {}


def test_fields_can_be_left_out(waiting: SiteJob) -> None:
    assert "log" in waiting.get()
    assert "log" not in waiting.get("!log")


def test_the_exit_code_is_missing_until_it_is_known(waiting: SiteJob) -> None:
    assert "exitCode" not in waiting.get()


def test_log_lines_begin_with_a_date(jobs: Submitter) -> None:
    log = jobs.submit("true").until_over()["log"]
    assert all(re.match(r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d \w+ \d{4}: ", line) for line in log)
    assert any(line.endswith("Exit code 0") for line in log)


def test_the_job_runs_in_its_directory_with_the_variables_of_unicore(jobs: Submitter) -> None:
    job = jobs.shell("pwd; echo $UC_WORKING_DIRECTORY; echo $UC_NODES; echo $UC_RUNTIME", Resources={"Nodes": 2})
    job.until_over()
    where, told, nodes, runtime = job.read("stdout").text.splitlines()
    mount = job.client.get(job.storage).json()["mountPoint"]
    assert (where, told, nodes, runtime) == (mount, f"{where}/", "2", "600")


def test_the_environment_reaches_the_job(jobs: Submitter) -> None:
    job = jobs.shell('echo "$GREETING"', Environment={"GREETING": "hello there"})
    job.until_over()
    assert job.read("stdout").content == b"hello there\n"


def test_arguments_are_words_for_the_shell(jobs: Submitter) -> None:
    job = jobs.submit("echo", "a b", "'c  d'")
    job.until_over()
    assert job.read("stdout").content == b"a b c  d\n"


def test_output_goes_to_the_files_asked_for(jobs: Submitter) -> None:
    job = jobs.shell("echo out; echo err >&2", Stdout="my.out", Stderr="my.err")
    job.until_over()
    assert (job.read("my.out").content, job.read("my.err").content) == (b"out\n", b"err\n")


def test_one_file_for_both_outputs_loses_what_is_written_at_the_same_place(jobs: Submitter) -> None:
    """So a script that wants both in one file joins them itself."""
    job = jobs.shell("echo first; echo err >&2", Stdout="both", Stderr="both")
    job.until_over()
    assert job.read("both").content != b"first\nerr\n"
    joined = jobs.shell("exec 2>&1; echo first; echo err >&2", Stdout="both", Stderr="both")
    joined.until_over()
    assert joined.read("both").content == b"first\nerr\n"


def test_output_can_be_read_while_the_job_runs(jobs: Submitter) -> None:
    job = jobs.shell("echo early; sleep 30")
    job.until("RUNNING")
    wait_until(lambda: job.read("stdout").content == b"early\n")
    assert job.get("status")["status"] == "RUNNING"


def test_standard_input_comes_from_a_file(jobs: Submitter) -> None:
    job = jobs.submit("cat", Stdin="in", Imports=[inline("in", "typed")])
    job.until_over()
    assert job.read("stdout").content == b"typed"


def test_an_exit_code_fails_the_job(jobs: Submitter) -> None:
    over = jobs.shell("exit 3").until_over()
    assert (over["status"], over["exitCode"]) == ("FAILED", "3")
    assert over["statusMessage"].startswith("User application exited with non-zero exit code: <3>")


def test_an_exit_code_can_be_ignored(jobs: Submitter) -> None:
    over = jobs.shell("exit 3", IgnoreNonZeroExitCode="true").until_over()
    assert (over["status"], over["exitCode"]) == ("SUCCESSFUL", "3")


def test_the_command_before_runs_first(jobs: Submitter) -> None:
    job = jobs.submit("cat", "made", **{"User precommand": "echo before > made"})
    over = job.until_over()
    assert job.read("stdout").content == b"before\n"
    assert over["consumedTime"]["preCommand"].isdigit()


def test_a_failed_command_before_keeps_the_job_from_running(jobs: Submitter) -> None:
    over = jobs.submit("true", **{"User precommand": "(exit 4)"}).until_over()
    assert (over["status"], over["batchSystemID"]) == ("FAILED", "N/A")
    assert over["statusMessage"].startswith("Pre-command(s) failed: [Command exited with non-zero exit code: <4>")


def test_a_failed_command_before_can_be_ignored(jobs: Submitter) -> None:
    more = {"User precommand": "(exit 4)", "UserPrecommandIgnoreNonZeroExitCode": "true"}
    assert jobs.submit("true", **more).until_over()["status"] == "SUCCESSFUL"


@pytest.mark.parametrize("ignore", ["false", "true"])
def test_a_failed_command_afterwards_fails_the_job_whatever_it_asks_for(jobs: Submitter, ignore: str) -> None:
    more = {"User postcommand": "(exit 5)", "UserPostcommandIgnoreNonZeroExitCode": ignore}
    over = jobs.submit("true", **more).until_over()
    assert (over["status"], over["exitCode"]) == ("FAILED", "0")
    assert over["statusMessage"].startswith("Post-command(s) failed: [Command exited with non-zero exit code: <5>")


def test_the_command_afterwards_does_not_run_after_a_failure(jobs: Submitter) -> None:
    job = jobs.shell("exit 3", **{"User postcommand": "touch after"})
    job.until_over()
    assert job.stat("after").status_code == 404


def test_commands_around_may_run_in_the_job_itself(jobs: Submitter) -> None:
    more = {"RunUserPrecommandOnLoginNode": "false", "RunUserPostcommandOnLoginNode": "false"}
    commands = {"User precommand": ["echo a", "echo b"], "User postcommand": "echo d"}
    job = jobs.submit("echo", "c", **more, **commands)
    assert job.until_over()["status"] == "SUCCESSFUL"
    assert job.read("stdout").content == b"a\nb\nc\nd\n"


def test_an_installed_application_runs_by_its_name(jobs: Submitter) -> None:
    job = jobs.submit("", ApplicationName="Date")
    assert job.until_over()["status"] == "SUCCESSFUL"
    assert job.read("stdout").content


def test_a_job_that_asks_for_nothing_succeeds_without_an_exit_code(jobs: Submitter) -> None:
    over = jobs.submit("").until_over()
    assert (over["status"], over["batchSystemID"]) == ("SUCCESSFUL", "N/A")
    assert "exitCode" not in over


def test_batch_details_can_be_asked_for(waiting: SiteJob) -> None:
    assert waiting.client.get(f"{waiting.url}/details").json() == {"rawDetailsData": "N/A"}
