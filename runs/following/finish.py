"""What is left to do once a run is over: the rest of its log, its MLflow run, stray jobs of lost answers."""

from datetime import datetime, timedelta

from connections.logins.site_clients import open_connection
from connections.mlflow.errors import TrackingUnavailable
from connections.unicore.errors import JobGone, SiteError
from mantik.lib.backoff import Clock, backoff
from mantik.lib.sealing import SealBroken
from runs.following.job_log import end_of_log, fetch_log
from runs.following.outcomes import reason_in_log
from runs.lifecycle import explain, record, set_columns
from runs.models import Run
from runs.submission.doubles import delete_doubles
from runs.tracking.mlflow_run import close_tracking_run

PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
GIVE_UP_AFTER = timedelta(days=3)


def wrap_up(run: Run, *, clock: Clock) -> None:
    """Do what is left; come back later for what the outside does not let us do now."""
    log_done = run.log_complete or _finish_log(run, now=clock())
    tracking_done = run.tracking_closed or _close_tracking(run)
    now = clock()
    if log_done and tracking_done:
        set_columns(run, log_complete=True, tracking_closed=True, next_poll_at=None)
        return
    assert run.ended_at is not None
    if now - run.ended_at > GIVE_UP_AFTER:
        _give_up(run, now)
        return
    failures = run.poll_failures + 1
    set_columns(
        run,
        log_complete=log_done,
        tracking_closed=tracking_done,
        poll_failures=failures,
        next_poll_at=now + backoff(failures, first=PAUSE, longest=LONGEST_PAUSE),
    )


def _finish_log(run: Run, *, now: datetime) -> bool:
    if not run.submitted_at or run.connection is None:
        return True
    try:
        site = open_connection(run.connection)
        level = fetch_log(site, run, now=now)
        if level:
            _explain(run, now=now)
        delete_doubles(site, run)
    except JobGone:
        return True
    except (SiteError, SealBroken):
        return False
    return level


def _explain(run: Run, *, now: datetime) -> None:
    """The end of the log is here, and says more than the site's exit code did. Nobody is told a second time."""
    found = reason_in_log(run, end_of_log(run))
    if found:
        explain(run, outcome=found.sentence, line=found.line, now=now)


def _close_tracking(run: Run) -> bool:
    try:
        close_tracking_run(run)
    except TrackingUnavailable:
        return False
    return True


def _give_up(run: Run, now: datetime) -> None:
    record(run, now=now, kind="wrap-up.abandoned", message="The rest of the log could not be fetched for three days.")
    set_columns(run, log_complete=True, tracking_closed=True, next_poll_at=None)
