"""A site that is stopped and started again."""

from __future__ import annotations

from pathlib import Path

from mantik.demo.sandbox.gate import SESSION_HEADER
from mantik.demo.sandbox.sandbox_site import SandboxSite
from mantik.demo.sandbox.store import read_ledger
from tests.contract.jobs import SiteJob
from tests.mantik.demo.sandbox.conftest import SubmitterOf
from tests.mantik.demo.sandbox.processes import is_running
from tests.mantik.demo.sandbox.test_slots import pid_in
from tests.support.waiting import wait_until


def again(job: SiteJob, site: SandboxSite, jobs_at: SubmitterOf) -> SiteJob:
    """The same job at the restarted site, which listens elsewhere."""
    return SiteJob(f"{site.base_url}/jobs/{job.id}", site.base_url, jobs_at(site).client)


def test_a_waiting_job_still_waits_and_can_be_started(tmp_path: Path, jobs_at: SubmitterOf) -> None:
    with SandboxSite(tmp_path) as site:
        job = jobs_at(site).submit_waiting("cat", "data")
        job.put("data", b"kept")
    with SandboxSite(tmp_path) as site:
        job = again(job, site, jobs_at)
        assert job.get("status")["status"] == "READY"
        job.act("start")
        job.until_over()
        assert job.read("stdout").content == b"kept"


def test_a_queued_job_runs(tmp_path: Path, jobs_at: SubmitterOf) -> None:
    with SandboxSite(tmp_path, slots=1) as site:
        jobs = jobs_at(site)
        jobs.submit("sleep", "60").until("RUNNING")
        queued = jobs.submit("true")
        queued.until("QUEUED")
    with SandboxSite(tmp_path) as site:
        assert again(queued, site, jobs_at).until_over()["status"] == "SUCCESSFUL"


def test_a_job_that_was_not_yet_staged_is_staged(tmp_path: Path, jobs_at: SubmitterOf) -> None:
    with SandboxSite(tmp_path, staging_delay=60) as site:
        job = jobs_at(site).submit("true")
    with SandboxSite(tmp_path) as site:
        assert again(job, site, jobs_at).until_over()["status"] == "SUCCESSFUL"


def test_a_running_job_ends_with_the_site_and_says_so(tmp_path: Path, jobs_at: SubmitterOf) -> None:
    with SandboxSite(tmp_path) as site:
        job = jobs_at(site).shell("echo $$ > pid; sleep 300")
        pid = pid_in(job, "pid")
    # It is no child of the site, which has ended it and cannot wait for its end.
    wait_until(lambda: not is_running(pid))
    with SandboxSite(tmp_path) as site:
        over = again(job, site, jobs_at).until_over()
        assert over["status"] == "FAILED"
        assert "the site was stopped while the job was running" in over["statusMessage"]
        assert site.engine.times_started == 1


def test_what_a_deleted_job_has_left_is_removed(tmp_path: Path) -> None:
    leftover = tmp_path / "jobs" / "gone"
    leftover.mkdir(parents=True)
    (leftover / "file").write_text("x")
    with SandboxSite(tmp_path):
        wait_until(lambda: not leftover.exists())


def test_a_finished_job_stays_as_it_was(tmp_path: Path, jobs_at: SubmitterOf) -> None:
    with SandboxSite(tmp_path) as site:
        job = jobs_at(site).shell("echo out; exit 3")
        before = job.until_over()
    with SandboxSite(tmp_path) as site:
        found = again(job, site, jobs_at)
        after = found.get()
        assert found.read("stdout").content == b"out\n"
    links = {"_links"}
    assert {k: v for k, v in after.items() if k not in links} == {k: v for k, v in before.items() if k not in links}


def test_users_and_key_stay_and_sessions_do_not(tmp_path: Path, jobs_at: SubmitterOf) -> None:
    with SandboxSite(tmp_path) as first:
        users, certificate = first.users, first.state.key.certificate
        session = jobs_at(first).client.get(first.base_url).headers[SESSION_HEADER]
    with SandboxSite(tmp_path) as second:
        assert second.users == users
        assert second.state.key.certificate == certificate
        answer = jobs_at(second).client.get(second.base_url, headers={SESSION_HEADER: session})
        assert answer.status_code == 432


def test_the_ledger_counts_what_was_submitted_and_really_started(tmp_path: Path, jobs_at: SubmitterOf) -> None:
    with SandboxSite(tmp_path) as site:
        jobs = jobs_at(site)
        twice, deleted = jobs.submit("true"), jobs.submit("true")
        waiting, refused = jobs.submit_waiting(), jobs.submit("true", Project="nope")
        for job in (twice, deleted, refused):
            job.until_over()
        twice.act("restart")
        twice.until("SUCCESSFUL")
        deleted.client.delete(deleted.url)
        file = site.ledger_file
        counted = {entry.job_id: entry.times_started for entry in read_ledger(file)}
        assert counted == {twice.id: 2, deleted.id: 1, waiting.id: 0, refused.id: 0}
        assert {job.id for job in site.engine.tagged([jobs.tag])} == {twice.id, waiting.id, refused.id}
    assert {entry.tags for entry in read_ledger(file)} == {(jobs.tag,)}
    assert {entry.job_id: entry.times_started for entry in read_ledger(file)} == counted
