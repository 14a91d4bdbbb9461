"""Turns what a site says about a job into the run's state and outcome."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from connections.unicore.refusals import Refusal, refusal_in
from connections.unicore.values import JobState, JobStatus
from connections.unicore.wording import plain
from mantik.lib.humanize import spoken_duration
from runs.backend_config import BackendConfig, BackendConfigError, QueueLimits, parse_backend_config
from runs.following.failure_reasons import Failure, Reason, reason
from runs.following.log_lines import NO_LOG, LogEnd
from runs.lifecycle import cancelled_message
from runs.models import Run
from runs.states import RunState
from runs.submission import refusals

# UNICORE has no state for an aborted job: it is FAILED with exactly this message.
ABORTED = "Job aborted."
# How long after the end pages ask for the end of the log, which may say why the job failed. Workers try for longer.
LOG_IS_EXPECTED = timedelta(minutes=5)

# What UNICORE says if a command for the login node fails. The exit code is nowhere else.
_SIDE_COMMAND = re.compile(r"(Pre|Post)-command\(s\) failed: .{0,200}?exit code: <(\d{1,9})>", re.DOTALL)

_STATES = {
    JobState.STAGINGIN: RunState.QUEUED,
    JobState.READY: RunState.QUEUED,
    JobState.QUEUED: RunState.QUEUED,
    JobState.RUNNING: RunState.RUNNING,
    JobState.STAGINGOUT: RunState.RUNNING,
    JobState.SUCCESSFUL: RunState.FINISHED,
    JobState.FAILED: RunState.FAILED,
    JobState.UNDEFINED: RunState.QUEUED,
}


def state_for(status: JobStatus) -> RunState:
    """The run state that a job state stands for."""
    return _STATES[status.state]


def ending(run: Run, status: JobStatus, *, limits: Callable[[], QueueLimits]) -> tuple[RunState, str]:
    """The final state for a job that has ended, and why, in a sentence. `limits` returns what the site allows."""
    if status.state == JobState.SUCCESSFUL:
        return RunState.FINISHED, "The job ended with exit code 0."
    words = (status.message or "").strip()
    if words == ABORTED:
        by_others = f"The job was aborted at {run.site_name}, not through Mantik."
        return RunState.CANCELLED, cancelled_message(run) or by_others
    if status.exit_code:
        return RunState.FAILED, reason(_failure(run, status.exit_code)).sentence
    if refusal := refusal_in(words):
        return RunState.FAILED, _refused(run, refusal, limits())
    return RunState.FAILED, _without_exit_code(run, status, words)


def reason_in_log(run: Run, log: LogEnd) -> Reason | None:
    """Why a job failed, by its exit code and the end of its log; None if it did not fail with an exit code."""
    if run.state != RunState.FAILED or not run.exit_code:
        return None
    return reason(_failure(run, run.exit_code, log))


def may_change(run: Run, *, now: datetime) -> bool:
    """Whether pages have to ask again: the run is active, or its log may soon say why it failed."""
    if run.state != RunState.FAILED or not run.exit_code or run.log_complete:
        return run.is_active
    return run.ended_at is not None and now - run.ended_at < LOG_IS_EXPECTED


def core_hours(run: Run, status: JobStatus) -> float | None:
    """CPUs x hours of the main phase; None if the site or the config does not say."""
    seconds = status.consumed_seconds.get("main")
    return None if seconds is None else run.core_hours_in(seconds)


def _failure(run: Run, exit_code: int, log: LogEnd = NO_LOG) -> Failure:
    config = _config(run)
    return Failure(exit_code, log, memory=(config.resources.memory_per_node if config else None) or "")


def _config(run: Run) -> BackendConfig | None:
    """The config that the job was made from; None if this version cannot read it."""
    try:
        return parse_backend_config(run.backend_config_content.encode(), path=run.backend_config_path)
    except BackendConfigError:
        return None


def _refused(run: Run, refusal: Refusal, limits: QueueLimits) -> str:
    return refusals.sentence(
        refusal,
        site=run.site_name,
        queue=run.queue,
        account=run.compute_budget_account,
        config=_config(run),
        limits=limits,
    )


def _without_exit_code(run: Run, status: JobStatus, words: str) -> str:
    """The reason of a failure without an exit code, by what the site said. The page shows the site's words below it."""
    if "did not complete normally" in words:
        return _ended_by_batch_system(run, status)
    if found := _SIDE_COMMAND.search(words):
        when = "before" if found[1] == "Pre" else "after"
        name = f"{found[1]}RunCommandOnLoginNode"
        return f"The command {when} the training on the login node ({name}) failed with exit code {found[2]}."
    if "Staging in failed" in words or "working directory" in words:
        return f"{run.site_name} could not set up the job's directory: {plain(words)} Ask the site's support."
    if not words:
        return f"{run.site_name} reports the job as failed and gives no reason."
    return f"{run.site_name} says: {plain(words)}"


def _ended_by_batch_system(run: Run, status: JobStatus) -> str:
    ran, limit = status.consumed_seconds.get("main"), run.runtime_limit
    if ran is not None and limit and ran >= limit.total_seconds():
        return f"The batch system ended the job at its time limit of {spoken_duration(limit)}."
    return (
        "The batch system ended the job before it was done, as it does when a job reaches its time limit or runs out "
        "of memory, or when a node fails."
    )
