"""Finishes a run that has ended: the rest of its log, its MLflow run, and jobs left over from lost answers."""

from datetime import datetime, timedelta

from connections.logins.site_clients import open_connection
from connections.mlflow.errors import TrackingUnavailable
from connections.models import Connection
from connections.outages.breaker import note_silence, outage_of
from connections.unicore.client import SiteClient
from connections.unicore.errors import JobGone, SiteError, SiteUnavailable
from mantik.lib.backoff import Clock, backoff
from mantik.lib.queue import send_on_commit
from mantik.lib.sealing import SealBroken
from runs.following.job_lifetime import hurried, keep_files
from runs.following.job_log import Visit, fetch_log
from runs.following.kept_log import end_of_log
from runs.following.outcomes import reason_in_log
from runs.lifecycle import explain, record, set_columns
from runs.models import Run
from runs.submission.doubles import delete_doubles
from runs.tracking.mlflow_run import close_tracking_run

PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
GIVE_UP_AFTER = timedelta(days=3)
# Nothing has come, and something is missing.
STUCK = Visit(has_end=False, is_whole=False)
# What is left undone where the end of a run was given up.
LOG_LEFT = "The rest of the log could not be fetched."
DOUBLES_LEFT = "Mantik could not check whether duplicates of the job, which were never started, are left at the site."
TRACKING_LEFT = "The MLflow run could not be ended."


def wrap_up(run: Run, *, clock: Clock) -> None:
    """Do what is left to do; try again later what the site or MLflow does not let us do now.

    While the log is coming in, part by part, the next part is fetched at once, and the rest is done after that.
    """
    visit = Visit() if run.log_complete else _finish_log(run, now=clock())
    assert run.ended_at is not None
    if visit.has_news and not visit.is_whole and clock() - run.ended_at <= GIVE_UP_AFTER:
        _go_on_at_once(run, now=clock())
        return
    doubles_done = _remove_doubles(run, now=clock())
    tracking_done = run.tracking_closed or _close_tracking(run)
    steps = ((visit.is_whole, LOG_LEFT), (doubles_done, DOUBLES_LEFT), (tracking_done, TRACKING_LEFT))
    left = [sentence for is_done, sentence in steps if not is_done]
    now = clock()
    if not left:
        set_columns(run, log_complete=True, tracking_closed=True, next_poll_at=None)
        return
    if now - run.ended_at > GIVE_UP_AFTER:
        _give_up(run, left, now)
        return
    set_columns(
        run,
        log_complete=visit.is_whole,
        tracking_closed=tracking_done,
        poll_failures=run.poll_failures + 1,
        next_poll_at=now + hurried(run, backoff(run.poll_failures, first=PAUSE, longest=LONGEST_PAUSE), now=now),
    )


def _go_on_at_once(run: Run, *, now: datetime) -> None:
    """By a message of its own, so that other runs have their turn in between."""
    set_columns(run, poll_failures=0, next_poll_at=now)
    send_on_commit("runs.tasks.follow_connection", connection_id=run.connection_id)


def _finish_log(run: Run, *, now: datetime) -> Visit:
    if not run.submitted_at or run.connection is None:
        return Visit()
    try:
        site = _site_of(run.connection)
        keep_files(site, run, now=now)
        visit = fetch_log(site, run, now=now)
    except JobGone:
        return Visit()
    except SiteError as error:
        note_silence(run.connection, error, now=now)
        return STUCK
    except SealBroken:
        return STUCK
    if visit.has_end:
        _explain(run, knows_lines=visit.is_whole, now=now)
    return visit


def _remove_doubles(run: Run, *, now: datetime) -> bool:
    """No column says that it is done: few runs have doubles, and looking for them again does no harm."""
    if not (run.submitted_at and run.was_in_doubt) or run.connection is None:
        return True
    try:
        delete_doubles(_site_of(run.connection), run)
    except SiteError as error:
        note_silence(run.connection, error, now=now)
        return False
    except SealBroken:
        return False
    return True


def _site_of(connection: Connection) -> SiteClient:
    """Raises SiteError, without asking a site that does not answer anybody now, and SealBroken."""
    outage = outage_of(connection)
    if outage:
        raise SiteUnavailable(outage.reason)
    return open_connection(connection)


def _explain(run: Run, *, knows_lines: bool, now: datetime) -> None:
    """The end of the log has arrived and says more than the exit code did. No second notice is sent.

    The number of the line is known when all lines before it are here.
    """
    found = reason_in_log(run, end_of_log(run))
    if found:
        explain(run, outcome=found.sentence, line=found.line if knows_lines else None, now=now)


def _close_tracking(run: Run) -> bool:
    try:
        close_tracking_run(run)
    except TrackingUnavailable:
        return False
    return True


def _give_up(run: Run, left: list[str], now: datetime) -> None:
    message = f"Mantik has tried for {GIVE_UP_AFTER.days} days, and gives up. {' '.join(left)}"
    record(run, now=now, kind="wrap-up.abandoned", message=message)
    set_columns(run, log_complete=True, tracking_closed=True, next_poll_at=None)
