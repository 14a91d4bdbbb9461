"""The queue of the sandbox site: slots, time limits, and what is left of a job that was ended."""

from __future__ import annotations

from mantik.demo.sandbox.jobs import State
from tests.contract.jobs import SiteJob, Submitter
from tests.mantik.demo.sandbox.conftest import SiteMaker, SubmitterOf
from tests.mantik.demo.sandbox.processes import is_running
from tests.support.waiting import wait_until


def pid_in(job: SiteJob, path: str) -> int:
    wait_until(lambda: job.read(path).content.strip().isdigit())
    return int(job.read(path).content)


def test_a_job_waits_in_the_queue_until_a_slot_is_free(make_site: SiteMaker, jobs_at: SubmitterOf) -> None:
    site = make_site(slots=1)
    jobs = jobs_at(site)
    first, second = jobs.submit("sleep", "60"), jobs.submit("true")
    first.until("RUNNING")
    second.until("QUEUED")
    assert second.get("batchSystemID,queue") == {"batchSystemID": "N/A", "queue": "N/A"}
    first.act("abort")
    assert second.until_over()["status"] == "SUCCESSFUL"


def test_as_many_jobs_run_as_there_are_slots(make_site: SiteMaker, jobs_at: SubmitterOf) -> None:
    jobs = jobs_at(make_site(slots=2))
    for _ in range(3):
        jobs.submit("sleep", "60")

    def states() -> list[str]:
        return sorted(job.get("status")["status"] for job in jobs.jobs)

    wait_until(lambda: states() == ["QUEUED", "RUNNING", "RUNNING"])
    assert states() == ["QUEUED", "RUNNING", "RUNNING"]


def test_a_queued_job_can_be_aborted_and_never_runs(make_site: SiteMaker, jobs_at: SubmitterOf) -> None:
    site = make_site(slots=1)
    jobs = jobs_at(site)
    first, second = jobs.submit("sleep", "60"), jobs.submit("touch", "ran")
    first.until("RUNNING")
    second.until("QUEUED")
    second.act("abort")
    assert second.until_over()["statusMessage"] == "Job aborted."
    first.act("abort")
    third = jobs.submit("true")
    third.until_over()
    assert site.engine.jobs[second.id].times_started == 0


def test_a_job_is_ended_at_its_time_limit(jobs: Submitter) -> None:
    job = jobs.submit("sleep", "60", Resources={"Runtime": 1})
    over = job.until_over()
    assert over["status"] == "FAILED"
    assert "its time limit of 1 seconds was reached" in over["statusMessage"]


def test_a_job_learns_that_it_is_being_ended(jobs: Submitter) -> None:
    job = jobs.shell("trap 'echo saved > state; exit 0' TERM; echo ready; sleep 60 & wait")
    wait_until(lambda: job.read("stdout").content == b"ready\n")
    job.act("abort")
    job.until_over()
    assert job.read("state").content == b"saved\n"


def test_an_abort_ends_everything_the_job_has_started(jobs: Submitter) -> None:
    job = jobs.shell("sleep 300 & echo $! > child; wait")
    child = pid_in(job, "child")
    job.act("abort")
    job.until_over()
    wait_until(lambda: not is_running(child))


def test_a_program_that_does_not_listen_is_killed(jobs: Submitter) -> None:
    job = jobs.shell("trap '' TERM; echo $$ > pid; while true; do sleep 0.1; done")
    pid = pid_in(job, "pid")
    job.act("abort")
    assert job.until_over()["statusMessage"] == "Job aborted."
    wait_until(lambda: not is_running(pid))


def test_what_a_finished_job_has_left_running_ends_with_it(jobs: Submitter) -> None:
    job = jobs.shell("sleep 300 & echo $! > child")
    child = pid_in(job, "child")
    assert job.until_over()["status"] == "SUCCESSFUL"
    wait_until(lambda: not is_running(child))


def test_a_deleted_job_leaves_neither_programs_nor_files(make_site: SiteMaker, jobs_at: SubmitterOf) -> None:
    site = make_site()
    job = jobs_at(site).shell("sleep 300 & echo $! > child; wait")
    child = pid_in(job, "child")
    job.client.delete(job.url)
    wait_until(lambda: not is_running(child))
    wait_until(lambda: not (site.jobs_directory / job.id).exists())
    assert job.id not in site.engine.jobs


def test_the_states_are_those_of_unicore() -> None:
    expected = {"STAGINGIN", "READY", "QUEUED", "RUNNING", "STAGINGOUT", "SUCCESSFUL", "FAILED"}
    assert {state.value for state in State} == expected
