"""The reason why a run ended: first by the site's answer, and again once the end of its log is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connections.unicore.errors import JobGone, SiteUnavailable
from connections.unicore.values import FileStat, JobState, JobStatus
from runs.backend_config import QueueLimits
from runs.following import finish, job_log
from runs.following.job_log import fetch_log
from runs.following.kept_log import BYTES_SEARCHED, end_of_log, raw_log
from runs.following.outcomes import ABORTED, ending, may_change
from runs.lifecycle import explain
from runs.models import Run
from runs.states import RunState
from tests.support import factories
from tests.support.messages import Message

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LIMITS: QueueLimits = {
    "batch": {"Project": ["demo", "other"], "Nodes": "1-4", "Runtime": "1-86400", "MemoryPerNode": "1-68719476736"},
    "devel": {"Project": ["galaxies"], "Nodes": "1-1"},
}
CONFIG = "Resources:\n  Queue: batch\n  Nodes: 99\n  Runtime: 10min\n  MemoryPerNode: 2G\n"
TRACEBACK = 'Traceback (most recent call last):\n  File "t.py", line 3, in <module>\n    f()\nIndexError: list index\n'
LOG = f"[mantik] run\nepoch 1\n{TRACEBACK}[mantik] finished with exit code 1 after 3 s\n"


def failed(message: str, *, exit_code: int | None = None, main: float | None = None) -> JobStatus:
    return JobStatus(
        state=JobState.FAILED,
        message=message,
        exit_code=exit_code,
        batch_system_id=None,
        queue=None,
        consumed_seconds={} if main is None else {"main": main},
        submitted_at=None,
        terminates_at=None,
    )


def sentence(status: JobStatus, limits: QueueLimits = LIMITS, **columns: Any) -> str:
    usual = {"site_name": "JUWELS", "queue": "batch", "backend_config_content": CONFIG, "backend_config_path": "c.yaml"}
    run = factories.make_run(RunState.QUEUED, **usual | columns)
    state, told = ending(run, status, limits=lambda: limits)
    assert state == RunState.FAILED
    return told


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "The job was aborted at JUWELS, not through Mantik."),
        ({"cancel_requested_at": NOW}, "Cancelled by its schedule."),
        ({"cancel_requested_at": NOW, "first_name": "Grace"}, "Cancelled by Grace."),
    ],
)
def test_who_cancelled_it(asked: dict[str, Any], expected: str) -> None:
    columns = dict(asked)
    if first_name := columns.pop("first_name", ""):
        columns["cancel_requested_by"] = factories.make_user("grace", first_name=first_name)
    run = factories.make_run(RunState.QUEUED, site_name="JUWELS", **columns)
    assert ending(run, failed(ABORTED), limits=lambda: LIMITS) == (RunState.CANCELLED, expected)


def out_of_range(what: str) -> JobStatus:
    java = "Processing failed: eu.unicore.xnjs.ems.ExecutionException: Resource request"
    return failed(f"{java} <{what}> is out of range. (Invalid resource request)")


# At once


@pytest.mark.parametrize(
    ("what", "limits", "expected"),
    [
        ("Project=nope", LIMITS, "JUWELS does not know the compute budget account nope; it allows demo and other."),
        ("Project=nope", {}, "JUWELS does not know the compute budget account nope."),
        # What we know is older than the refusal.
        ("Project=demo", LIMITS, "JUWELS does not know the compute budget account demo."),
        (
            "Project=galaxies",
            LIMITS,
            "JUWELS does not allow the compute budget account galaxies in the queue batch; in that queue it allows "
            "demo and other.",
        ),
        (
            "Project=nope",
            {"batch": {"Project": [f"a{number}" for number in range(20)]}},
            "JUWELS does not know the compute budget account nope; it allows a0, a1, a2, a3, a4, a5, a6, a7 and "
            "12 more.",
        ),
        ("Project=nope", {"batch": "nonsense"}, "JUWELS does not know the compute budget account nope."),
        ("Queue = fast", LIMITS, "JUWELS has no queue fast; it has batch and devel."),
        (
            "Nodes=99",
            LIMITS,
            "JUWELS refused the job: Nodes is 99, and the queue batch takes 1 to 4. Change Resources.Nodes, or choose "
            "another queue.",
        ),
        ("Nodes=99", {}, "JUWELS refused the job: Nodes 99 is out of range in the queue batch."),
        (
            "MemoryPerNode=107374182400",
            {},
            "JUWELS refused the job: MemoryPerNode 100 GiB is out of range in the queue batch.",
        ),
    ],
)
def test_a_refusal_says_what_was_asked_and_what_is_allowed(what: str, limits: QueueLimits, expected: str) -> None:
    assert sentence(out_of_range(what), limits) == expected


def test_a_resource_that_the_queue_has_not() -> None:
    words = "Processing failed: x.ExecutionException: Resource <GPUsPerNode> is not available for partition <devel>"
    assert sentence(failed(words)) == (
        "JUWELS offers no GPUsPerNode in the queue devel. Remove it from Resources in the Compute Backend config, "
        "or choose another queue."
    )


def test_an_account_that_the_batch_system_refuses() -> None:
    words = (
        "Could not submit job: TSI_FAILED: sbatch: error: Batch job submission failed: Invalid account or "
        "account/partition combination specified"
    )
    told = sentence(failed(words), compute_budget_account="nope")
    assert told == "JUWELS does not know the compute budget account nope; it allows demo and other."


@pytest.mark.parametrize(
    ("words", "main", "expected"),
    [
        (
            "Job did not complete normally on BSS, x",
            600.0,
            "ended the job at its time limit of 10\N{NO-BREAK SPACE}min.",
        ),
        (
            "Job did not complete normally on BSS, x",
            31.0,
            "ended the job before it was done, as it does when a job reaches its time limit or runs out of memory, or "
            "when a node fails.",
        ),
        ("Staging in failed. Reason: Filetransfer FAILED", None, "could not set up the job's directory: Staging in"),
        (
            "Pre-command(s) failed: [Command exited with non-zero exit code: <5>. More information 'scratch/1/']",
            None,
            "The command before the training on the login node (PreRunCommandOnLoginNode) failed with exit code 5.",
        ),
        (
            "Processing failed: eu.unicore.xnjs.ems.ExecutionException: 'X' is not available.",
            None,
            "JUWELS says: 'X' is not available.",
        ),
        ("", None, "JUWELS reports the job as failed and gives no reason."),
    ],
)
def test_what_else_a_site_says(words: str, main: float | None, expected: str) -> None:
    told = sentence(failed(words, main=main), runtime_limit=timedelta(minutes=10))
    assert expected in told
    assert "Exception" not in told


def test_an_exit_code_is_told_before_the_log_is_there() -> None:
    words = "User application exited with non-zero exit code: <1>. More information in 'scratch/1/'"
    assert sentence(failed(words, exit_code=1)) == "The job ended with exit code 1."
    killed = sentence(failed(words, exit_code=137))
    assert killed == ("Killed (signal 9). The usual cause is that memory ran out. The config asks for 2G per node.")


def test_a_config_that_cannot_be_read_any_more_is_no_obstacle() -> None:
    assert "out of range" in sentence(out_of_range("Nodes=99"), backend_config_content="]")


# When the log is there


@dataclass
class Site:
    """Stands for a site where a test says what it answers about the log, and what happens meanwhile.

    `jobs` are those with the run's tag.
    """

    content: bytes = b""
    error: Exception | None = None
    reads: int = 0
    jobs: list[str] = field(default_factory=list)
    error_of_search: Exception | None = None
    meanwhile: list[Callable[[], object]] = field(default_factory=list)

    def stat(self, _job_url: str, _path: str) -> FileStat | None:
        if self.error:
            raise self.error
        return FileStat(len(self.content), is_directory=False, modified_at=None) if self.content else None

    def read(self, _job_url: str, _path: str, offset: int, length: int) -> bytes:
        self.reads += 1
        for act in self.meanwhile:
            act()
        return self.content[offset : offset + length]

    def find_jobs(self, _tag: str) -> list[str]:
        if self.error_of_search:
            raise self.error_of_search
        return list(self.jobs)

    def delete(self, job_url: str) -> None:
        self.jobs.remove(job_url)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    stands_in = Site(LOG.encode())
    monkeypatch.setattr(finish, "open_connection", lambda _connection: stands_in)
    return stands_in


@pytest.fixture
def run() -> Run:
    run = factories.make_run(RunState.FAILED, log_complete=False, ended_at=NOW, tracking_closed=True)
    return Run.objects.get(pk=run.pk)


def wrap_up(run: Run) -> Run:
    finish.wrap_up(Run.objects.get(pk=run.pk), clock=lambda: NOW)
    return Run.objects.get(pk=run.pk)


def explained(run: Run) -> list[str]:
    return list(run.events.filter(kind="outcome.explained").values_list("message", flat=True))


def test_the_end_of_the_log_says_why_once(site: Site, run: Run) -> None:
    run = wrap_up(run)
    assert (run.outcome, run.outcome_line) == ("IndexError: list index", 6)
    for again in range(3):
        Run.objects.filter(pk=run.pk).update(log_complete=again == 2)
        run = wrap_up(run)
    assert explained(run) == ["Line 6 of the log says why the job failed: IndexError: list index"]


def test_of_two_workers_one_tells_it(site: Site, run: Run) -> None:
    site.meanwhile.append(lambda: site.meanwhile.clear() or wrap_up(run))  # type: ignore[func-returns-value]
    run = wrap_up(run)
    assert (run.outcome, len(explained(run))) == ("IndexError: list index", 1)


def test_who_knows_an_older_reason_changes_nothing(run: Run) -> None:
    stale = Run.objects.get(pk=run.pk)
    assert explain(run, outcome="ValueError: 1", line=3, now=NOW)
    assert not explain(run, outcome="ValueError: 1", line=3, now=NOW)
    assert not explain(stale, outcome="ValueError: 2", line=4, now=NOW)
    stored = Run.objects.get(pk=run.pk)
    assert (stored.outcome, stored.outcome_line, len(explained(stored))) == ("ValueError: 1", 3, 1)


def test_the_end_of_a_long_log_comes_first_and_its_line_is_known_when_all_is_here(
    site: Site, run: Run, sent: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_log, "LOG_BUDGET_CHUNKS", 1)
    site.content = (TRACEBACK + "epoch\n" * 100_000 + TRACEBACK.replace("list", "last")).encode()
    run = wrap_up(run)
    assert (run.outcome, run.outcome_line, run.log_complete) == ("IndexError: last index", None, False)
    run = wrap_up(wrap_up(run))
    assert (run.outcome, run.outcome_line, run.log_complete) == ("IndexError: last index", 100_008, True)
    assert explained(run) == ["The log says why the job failed: IndexError: last index"]


def test_a_log_that_is_coming_in_is_not_put_off(
    site: Site,
    run: Run,
    sent: list[Message],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    monkeypatch.setattr(job_log, "LOG_BUDGET_CHUNKS", 1)
    site.content = b"x" * 2_000_000
    with django_capture_on_commit_callbacks(execute=True):
        run = wrap_up(run)
    assert sent == [("runs.tasks.follow_connection", {"connection_id": run.connection_id})]
    for _ in range(7):
        assert (run.poll_failures, run.next_poll_at) == (0, NOW)
        run = wrap_up(run)
    assert (run.log_complete, run.next_poll_at) == (True, None)


def test_a_log_that_is_gone_before_all_of_it_is_here_is_said_to_be(
    site: Site, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_log, "LOG_BUDGET_CHUNKS", 1)
    site.content = b"x" * 2_000_000
    run = wrap_up(run)
    site.content = b""
    run = wrap_up(run)
    assert (run.log_complete, run.next_poll_at) == (True, None)
    (event,) = run.events.filter(kind="log.gone")
    assert event.message == f"The log is no longer at {run.site_name}. What was fetched before is kept."


def test_a_fetch_that_brings_nothing_is_followed_by_longer_and_longer_pauses(site: Site, run: Run) -> None:
    site.error = SiteUnavailable("down")
    pauses = []
    for _ in range(6):
        run = wrap_up(run)
        assert run.next_poll_at
        pauses.append(run.next_poll_at - NOW)
    assert pauses == sorted(pauses)
    site.error = None
    assert wrap_up(run).log_complete


def test_the_rest_is_done_after_a_log_that_comes_in_parts(
    site: Site, sent: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow that does not answer would hold up each part."""
    monkeypatch.setattr(job_log, "LOG_BUDGET_CHUNKS", 1)
    closed: list[int] = []

    def close(run: Run) -> bool:
        closed.append(run.pk)
        return True

    monkeypatch.setattr(finish, "_close_tracking", close)
    site.content = b"x" * 600_000
    run = factories.make_run(RunState.FINISHED, log_complete=False, ended_at=NOW)
    while not run.log_complete:
        assert closed == []
        run = wrap_up(run)
    assert (closed, run.tracking_closed) == ([run.pk], True)


@pytest.mark.parametrize("error", [JobGone("gone"), SiteUnavailable("down")])
def test_neither_does_one_that_the_site_does_not_give(site: Site, run: Run, error: Exception) -> None:
    factories.append_log(run, LOG)
    site.error = error
    assert wrap_up(run).outcome == "The job ended with exit code 1."


def test_nor_one_of_which_an_older_release_kept_only_the_beginning(site: Site, run: Run) -> None:
    factories.append_log(run, LOG)
    Run.objects.filter(pk=run.pk).update(log_truncated=True)
    site.content = LOG.encode()
    assert wrap_up(run).outcome == "The job ended with exit code 1."


def test_the_reason_is_found_in_the_tail_of_a_log_above_the_limit(site: Site, run: Run, settings: Any) -> None:
    settings.MANTIK_LOG_MAX_BYTES = 4000
    site.content = b"epoch\n" * 100_000 + LOG.encode()
    run = wrap_up(run)
    assert (run.log_truncated, run.log_complete, run.outcome) == (True, True, "IndexError: list index")
    kept = b"".join(raw_log(run)).decode().splitlines()
    assert kept[(run.outcome_line or 0) - 1] == "IndexError: list index"


@pytest.mark.parametrize("state", [RunState.FINISHED, RunState.CANCELLED, RunState.LOST])
def test_runs_that_did_not_fail_have_no_reason(site: Site, state: RunState) -> None:
    run = factories.make_run(state, log_complete=False, ended_at=NOW, tracking_closed=True)
    assert (wrap_up(run).outcome, explained(run)) == (run.outcome, [])


def test_a_run_that_was_over_before_keeps_its_sentence(site: Site) -> None:
    old = "The job ended with exit code 1. Its log says why."
    run = factories.make_run(RunState.FAILED, outcome=old, ended_at=NOW, tracking_closed=True)
    factories.append_log(run, LOG)
    assert (wrap_up(run).outcome, site.reads) == (old, 0)


# Doubles

IN_DOUBT: dict[str, Any] = {"was_in_doubt": True, "log_complete": False, "ended_at": NOW, "tracking_closed": True}


@pytest.mark.parametrize("error", [None, JobGone("gone")])
def test_doubles_are_removed_even_if_the_job_itself_is_gone(site: Site, error: Exception | None) -> None:
    run = factories.make_run(RunState.FAILED, **IN_DOUBT)
    site.jobs, site.error = [run.job_url, "https://hpc.example.org:8080/SITE/rest/core/jobs/double"], error
    run = wrap_up(run)
    assert (site.jobs, run.log_complete, run.next_poll_at) == ([run.job_url], True, None)


def test_a_log_is_whole_although_nobody_can_look_for_doubles_yet(site: Site) -> None:
    run = factories.make_run(RunState.FAILED, **IN_DOUBT)
    site.error_of_search = SiteUnavailable("down")
    run = wrap_up(run)
    assert (run.log_complete, run.outcome) == (True, "IndexError: list index")
    assert run.next_poll_at

    site.error_of_search, site.jobs, reads = None, ["https://hpc.example.org:8080/SITE/rest/core/jobs/2"], site.reads
    run = wrap_up(run)
    assert (site.jobs, site.reads, run.next_poll_at) == ([], reads, None)


# Given up


LOG_MISSING = "The rest of the log could not be fetched."
DOUBLES_MISSING = "Mantik could not check whether the site still has duplicates of the job, which were never started."
TRACKING_MISSING = "The MLflow run could not be ended."


@pytest.mark.parametrize(
    ("error", "error_of_search", "is_mlflow_down", "expected"),
    [
        (SiteUnavailable("down"), None, False, LOG_MISSING),
        (None, SiteUnavailable("down"), False, DOUBLES_MISSING),
        (None, None, True, TRACKING_MISSING),
        (
            SiteUnavailable("down"),
            SiteUnavailable("down"),
            True,
            f"{LOG_MISSING} {DOUBLES_MISSING} {TRACKING_MISSING}",
        ),
    ],
)
def test_what_is_given_up_is_named(
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception | None,
    error_of_search: Exception | None,
    is_mlflow_down: bool,
    expected: str,
) -> None:
    site.error, site.error_of_search = error, error_of_search
    monkeypatch.setattr(finish, "_close_tracking", lambda _run: not is_mlflow_down)
    ended_at = NOW - finish.GIVE_UP_AFTER - timedelta(seconds=1)
    run = wrap_up(factories.make_run(RunState.FAILED, **IN_DOUBT | {"ended_at": ended_at, "tracking_closed": False}))
    message = run.events.get(kind="wrap-up.abandoned").message
    assert message == f"Mantik tried for {finish.GIVE_UP_AFTER.days} days and gave up. {expected}"
    assert run.next_poll_at is None


def test_what_the_training_logged_and_is_given_up_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Run] = []
    monkeypatch.setattr(finish, "close_tracking_run", closed.append)
    ended_at = NOW - finish.GIVE_UP_AFTER - timedelta(seconds=1)
    run = factories.make_run(RunState.FAILED, ended_at=ended_at, tracking_closed=False, site_name="Jupiter")
    tracking = factories.make_job_tracking(
        run, due_at=NOW, large_file="weights/large.bin", waiting_for="Jupiter does not answer."
    )
    factories.make_journal(run, "journal-a-1", number=1234)
    factories.make_journal(run, "journal-b-1", number=1, has_end=True)
    factories.make_journal(run, "journal-c-1")
    wrap_up(run)
    assert run.events.get(kind="wrap-up.abandoned").message == (
        "Mantik tried for 3 days and gave up. What the training logged could not all be fetched from Jupiter. Of "
        "journal-a-1, what comes after its entry 1,234 is missing. Nothing of journal-c-1 is here. The next file was "
        "weights/large.bin. The last attempt ended with: Jupiter does not answer."
    )
    tracking.refresh_from_db()
    assert tracking.due_at is None
    # What it had logged before its job died has no end.
    assert closed == [run]


def test_pages_ask_again_until_the_reason_is_there(run: Run) -> None:
    assert may_change(run, now=NOW + timedelta(seconds=30))
    assert not may_change(run, now=NOW + timedelta(hours=1))
    run.log_complete = True
    assert not may_change(run, now=NOW)
    assert may_change(factories.make_run(RunState.RUNNING), now=NOW)
    assert not may_change(factories.make_run(RunState.FINISHED, log_complete=False), now=NOW)


def test_ten_megabytes_in_one_line(run: Run) -> None:
    stored = Site(b"one\n" + b"x" * 10_000_000)
    while not fetch_log(stored, run, now=NOW).is_whole:  # type: ignore[arg-type]
        pass
    [line] = end_of_log(run).lines
    assert (line.number, len(line.text)) == (2, 2000)


@pytest.mark.parametrize("cut", [b"", b"a", b"\n", "\N{SNOWMAN}".encode()[1:]])
def test_lines_keep_their_numbers_wherever_the_end_begins(run: Run, cut: bytes) -> None:
    """`cut` is what lies before byte `BYTES_SEARCHED` from the end."""
    content = b"first\n" * 60_000 + b"\n" * 3 + "\N{SNOWMAN}".encode()[:1] + cut
    tail = (b"w\n" * BYTES_SEARCHED)[: BYTES_SEARCHED - len(TRACEBACK)] + TRACEBACK.encode()
    fetch_log(Site(content + tail), run, now=NOW)  # type: ignore[arg-type]
    last = end_of_log(run).lines[-1]
    assert (last.text, last.number) == ("IndexError: list index", (content + tail).count(b"\n"))
