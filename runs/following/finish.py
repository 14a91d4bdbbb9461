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
from runs.following.job_log import NOTHING_LEFT, Fetched, fetch_log
from runs.following.kept_log import end_of_log
from runs.following.outcomes import reason_in_log
from runs.lifecycle import explain, record, set_columns
from runs.models import Run
from runs.registered_models.listing import look_after_the_end
from runs.registered_models.services import why_not_registrable
from runs.submission.doubles import delete_doubles
from runs.tracking.carrying.due import give_up, is_home
from runs.tracking.carrying.left import what_is_left
from runs.tracking.mlflow_run import close_tracking_run

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
GIVE_UP_AFTER = timedelta(days=3)
# Nothing was fetched, and something is missing.
STUCK = Fetched(has_end=False, is_whole=False, has_news=False)
# What the event says when Mantik gives up finishing a run.
LOG_LEFT = "The rest of the log could not be fetched."
DOUBLES_LEFT = "Mantik could not check whether the site still has duplicates of the job, which were never started."
MLFLOW_LEFT = "The MLflow run could not be ended."


def wrap_up(run: Run, *, clock: Clock) -> None:
    """Do what is left to do for a run that is over. What the site or MLflow does not allow now is tried again later.

    While parts of the log arrive, the next part is fetched at once, and the other steps wait until the log is whole.
    """
    fetched = NOTHING_LEFT if run.log_complete else _finish_log(run, now=clock())
    assert run.ended_at is not None
    if fetched.has_news and not fetched.is_whole and clock() - run.ended_at <= GIVE_UP_AFTER:
        _continue_at_once(run, now=clock())
        return
    doubles_done = _remove_doubles(run, now=clock())
    is_last_attempt = clock() - run.ended_at > GIVE_UP_AFTER
    is_carried = run.tracking_closed or is_home(run)
    # What the training has logged may hold the end of its MLflow run.
    tracking_done = run.tracking_closed or ((is_carried or is_last_attempt) and _close_tracking(run))
    steps = (
        (fetched.is_whole, LOG_LEFT),
        (doubles_done, DOUBLES_LEFT),
        (tracking_done, MLFLOW_LEFT),
    )
    left = [sentence for is_done, sentence in steps if not is_done]
    now = clock()
    if is_carried and not left:
        set_columns(run, log_complete=True, tracking_closed=True, next_poll_at=None)
        if not why_not_registrable(run):
            look_after_the_end(run, now=now)
        return
    if is_last_attempt:
        _give_up(run, left, now)
        return
    set_columns(
        run,
        log_complete=fetched.is_whole,
        tracking_closed=tracking_done,
        poll_failures=run.poll_failures + 1,
        next_poll_at=now + hurried(run, backoff(run.poll_failures, first=FIRST_PAUSE, longest=LONGEST_PAUSE), now=now),
    )


def _continue_at_once(run: Run, *, now: datetime) -> None:
    """Make the run due and send a message for it, so that other runs have their turn in between."""
    set_columns(run, poll_failures=0, next_poll_at=now)
    send_on_commit("runs.tasks.follow_connection", connection_id=run.connection_id)


def _finish_log(run: Run, *, now: datetime) -> Fetched:
    if not run.submitted_at or run.connection is None:
        return NOTHING_LEFT
    try:
        site = _site_of(run.connection)
        keep_files(site, run, now=now)
        fetched = fetch_log(site, run, now=now)
    except JobGone:
        return NOTHING_LEFT
    except SiteError as error:
        note_silence(run.connection, error, now=now)
        return STUCK
    except SealBroken:
        return STUCK
    if fetched.has_end:
        _explain(run, knows_lines=fetched.is_whole, now=now)
    return fetched


def _remove_doubles(run: Run, *, now: datetime) -> bool:
    """Delete duplicates of the job at the site. False if that has to be tried again.

    No column says that this is done: few runs have duplicates, and looking for them again does no harm.
    """
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
    """A client for the site. Raises SealBroken, and SiteError, at once if the site is known not to answer now."""
    outage = outage_of(connection)
    if outage:
        raise SiteUnavailable(outage.reason)
    return open_connection(connection)


def _explain(run: Run, *, knows_lines: bool, now: datetime) -> None:
    """Store a better reason for the failure if the end of the log shows one. No second notice is sent.

    `knows_lines`: the whole log is stored, so the number of the line is right.
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
    sentences = [*left, *what_is_left(run)]
    message = f"Mantik tried for {GIVE_UP_AFTER.days} days and gave up. {' '.join(sentences)}"
    record(run, now=now, kind="wrap-up.abandoned", message=message)
    give_up(run)
    set_columns(run, log_complete=True, tracking_closed=True, next_poll_at=None)
