"""What a site's words about a job mean for the run, in ours."""

from connections.unicore.client import JobState, JobStatus
from runs.models import Run
from runs.states import RunState

# There is no state for it: a job that was aborted is FAILED with exactly this message.
ABORTED = "Job aborted."

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
    """The run state that a job state stands for. UNDEFINED and early states never move a running run back."""
    return _STATES[status.state]


def ending(run: Run, status: JobStatus) -> tuple[RunState, str]:
    """Final state and one sentence why, for a job that is over."""
    if status.state == JobState.SUCCESSFUL:
        return RunState.FINISHED, "The job ended with exit code 0."
    words = (status.message or "").strip()
    if words == ABORTED:
        return RunState.CANCELLED, _cancelled(run)
    return RunState.FAILED, _failure(run, status, words)


def core_hours(run: Run, status: JobStatus) -> float | None:
    """CPUs x hours of the main phase; None where the site or the config does not tell."""
    seconds = status.consumed_seconds.get("main")
    if seconds is None or run.cpus is None:
        return None
    return run.cpus * seconds / 3600


def _cancelled(run: Run) -> str:
    by = run.cancel_requested_by
    if by is None:
        return f"The job was aborted at {run.site_name}, not through Mantik."
    return f"Cancelled by {by.display_name}."


def _failure(run: Run, status: JobStatus, words: str) -> str:
    if status.exit_code:
        return f"The job ended with exit code {status.exit_code}. Its log says why."
    if "out of range" in words or "not available for partition" in words:
        return (
            f"{run.site_name} refused what the run asks for: {words} Change the Compute Backend config or the "
            "compute budget account."
        )
    if "did not complete normally" in words:
        return (
            f"The batch system ended the job before it was done, as it does at a time limit, without memory or "
            f"when a node fails. {run.site_name} says: {words}"
        )
    if "Staging in failed" in words or "working directory" in words:
        return f"{run.site_name} could not set up the job's directory: {words} Ask the site's support."
    if not words:
        return f"{run.site_name} reports the job as failed and gives no reason."
    return f"{run.site_name} says: {words}"
