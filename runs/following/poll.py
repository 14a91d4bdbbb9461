"""Asks sites about started jobs.

Only due runs are asked about, with a small GET each, over one pooled client and one security session per connection. A
notification only makes a run due at once; what counts is the answer of the site. A site that cannot be reached says
nothing about its jobs: such a run keeps its state and says what it waits for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import Min

from connections.logins.login_health import note_refusal, note_use, why_login_unused
from connections.logins.site_clients import open_connection
from connections.models import Connection
from connections.outages.breaker import note_silence, outage_of
from connections.unicore.client import SiteClient
from connections.unicore.errors import JobGone, SiteError
from connections.unicore.values import JobStatus
from connections.visits.places import Purpose, full, visiting
from mantik.lib.backoff import Clock, backoff
from mantik.lib.leases import kept_off, put_off
from mantik.lib.queue import send
from mantik.lib.sealing import SealBroken
from runs.backend_config import QueueLimits
from runs.following.finish import wrap_up
from runs.following.job_lifetime import keep_jobs, urgency, why_gone
from runs.following.job_log import fetch_log, log_is_due
from runs.following.outcomes import core_hours, ending, state_for
from runs.lifecycle import JOB_OUT_OF_REACH, cancelled_message, move, set_columns, wait
from runs.models import Run
from runs.states import AT_SITE, RunState

# The hard limit of `runs.tasks.follow_connection`.
LONGEST_TURN = timedelta(seconds=330)
RUNS_PER_BATCH = 500
# How long one batch may spend on runs that are over: a log or a slow MLflow may take seconds for each of them.
WRAP_UP_BUDGET = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=5)
JUST_SUBMITTED = timedelta(minutes=1)
SHORT_PAUSE = timedelta(seconds=2)
ABORT_AGAIN_AFTER = timedelta(minutes=1)

NO_CONNECTION = (
    "The connection was deleted, so Mantik cannot ask the site about the job. Check the job at the site yourself. To "
    "end the run in Mantik, cancel it."
)


def due_connections(*, now: datetime, limit: int = 1000) -> list[int | None]:
    """Ids of the connections with runs that are due, where a worker may ask now; None for runs without one."""
    due = Run.objects.due_for_following(now).with_place_for_following(full(now, Purpose.FOLLOW))
    by_due_time = due.order_by().values("connection").annotate(first=Min("next_poll_at")).order_by("first")
    return list(by_due_time.values_list("connection", flat=True)[:limit])


def follow_connection(*, connection_id: int | None, clock: Clock) -> None:
    """Ask a site about the due runs of one connection, if there is a place for one more worker, and act on the answers.

    If more than a batch is due, another message is sent for the rest, so that other connections have their turn first.
    """
    if connection_id is None:
        follow_runs(run_ids=claim_due(connection_id=None, now=clock()), clock=clock)
        return
    connection = Connection.objects.select_related("site").filter(pk=connection_id).first()
    if connection is None:
        return
    with visiting(connection, purpose=Purpose.FOLLOW, longest=LONGEST_TURN, clock=clock) as has_place:
        if not has_place:
            return
        batch = claim_due(connection_id=connection_id, now=clock())
        follow_runs(run_ids=batch, clock=clock)
    if len(batch) == RUNS_PER_BATCH:
        send_for_worker(connection_id)


def send_for_worker(connection_id: int | None) -> None:
    send("runs.tasks.follow_connection", connection_id=connection_id)


def claim_due(*, connection_id: int | None, now: datetime) -> list[int]:
    """Claim a batch of due runs of one connection, and return their ids. To ask about one twice does no harm."""
    due = Run.objects.due_for_following(now).filter(connection=connection_id)
    return put_off(due, column="next_poll_at", most=RUNS_PER_BATCH, now=now)


def follow_runs(*, run_ids: Iterable[int], clock: Clock) -> None:
    """Ask the sites about these runs and act on the answers. `claim_due` returns those of one connection."""
    runs = list(
        Run.objects.filter(pk__in=list(run_ids)).select_related("connection__site", "cancel_requested_by", "project")
    )
    claimed = Run.objects.filter(pk__in=[run.pk for run in runs])
    until = {run.next_poll_at for run in runs}
    with kept_off(claimed, column="next_poll_at", until=until, clock=clock, longest=LONGEST_TURN):
        _follow_all(runs, clock)


def _follow_all(runs: list[Run], clock: Clock) -> None:
    """Poll the active runs, then finish those that are over: an active run is one small request, and may be waiting to
    be cancelled."""
    over = [run for run in runs if run.is_terminal]
    by_connection: dict[Connection | None, dict[str, Run]] = defaultdict(dict)
    for run in runs:
        if run.state in AT_SITE:
            by_connection[run.connection][run.job_url] = run
    for connection, runs_by_url in by_connection.items():
        _follow(connection, runs_by_url, clock)
    _wrap_up(sorted(over, key=urgency), clock)


def _wrap_up(runs: list[Run], clock: Clock) -> None:
    """Finish runs that are over until WRAP_UP_BUDGET is spent; the others are due again at once, for another worker."""
    begun_at = clock()
    for number, run in enumerate(runs):
        if clock() - begun_at > WRAP_UP_BUDGET:
            left = [one.pk for one in runs[number:]]
            Run.objects.filter(pk__in=left, next_poll_at__isnull=False).update(next_poll_at=clock())
            return
        wrap_up(run, clock=clock)


def _follow(connection: Connection | None, runs_by_url: dict[str, Run], clock: Clock) -> None:
    if connection is None:
        _follow_without_connection(runs_by_url.values(), clock)
        return
    if outage_of(connection):
        _leave_due(runs_by_url.values(), clock)
        return
    reason = why_login_unused(connection)
    if reason:
        _wait_all(runs_by_url.values(), f"{reason} The job may be running there.", clock)
        return
    try:
        site = open_connection(connection)
    except (SiteError, SealBroken) as error:
        # Nobody was asked: somebody has to change the connection or the site, which makes the runs due at once.
        _wait_all(runs_by_url.values(), str(error), clock)
        return
    _ask(site, connection, runs_by_url, clock)


def _leave_due(runs: Iterable[Run], clock: Clock) -> None:
    """Make the runs due again at once: their site fell silent after they were claimed. They wait until it answers."""
    Run.objects.filter(pk__in=[run.pk for run in runs], state__in=AT_SITE).update(next_poll_at=clock())


def _follow_without_connection(runs: Iterable[Run], clock: Clock) -> None:
    """End the runs that somebody wants to cancel, and let the others wait: nobody can ask the site about their jobs."""
    for run in runs:
        now = clock()
        if run.cancel_requested_at is not None:
            message = f"{cancelled_message(run)} {JOB_OUT_OF_REACH}"
            move(run, to=RunState.CANCELLED, now=now, message=message, next_poll_at=now)
        else:
            wait(run, reason=NO_CONNECTION, now=now, next_poll_at=now + LONGEST_PAUSE)


def _ask(site: SiteClient, connection: Connection, runs_by_url: dict[str, Run], clock: Clock) -> None:
    unchanged: dict[timedelta, list[int]] = defaultdict(list)
    answers: list[tuple[Run, JobStatus]] = []
    left = dict(runs_by_url)
    for job_url, answer in site.statuses(list(runs_by_url)):
        if len(left) == len(runs_by_url):
            _judge_login(connection, answer, now=clock())
        run = left.pop(job_url)
        try:
            if isinstance(answer, SiteError):
                _store_error(run, answer, now=clock())
            else:
                if not _observe(site, run, answer, clock):
                    unchanged[pause_until_next(run, now=clock())].append(run.pk)
                answers.append((run, answer))
        except SiteError as error:
            _store_error(run, error, now=clock())
            if error.is_silence:
                # The site has told the state, but did not answer the next request. The other runs would wait, too.
                _leave_due(left.values(), clock)
                break
    now = clock()
    for pause, ids in unchanged.items():
        # One statement for all runs without news.
        Run.objects.filter(pk__in=ids, state__in=AT_SITE).update(next_poll_at=now + pause)
    keep_jobs(site, answers, clock)


def _judge_login(connection: Connection, answer: JobStatus | SiteError, *, now: datetime) -> None:
    """Note by the first answer whether the site accepts the login: the other answers say the same."""
    if isinstance(answer, SiteError):
        note_refusal(connection, answer, now=now)
    else:
        note_use(connection, now=now)


def _observe(site: SiteClient, run: Run, status: JobStatus, clock: Clock) -> bool:
    """Bring `run` in line with `status`. True if this has stored when the site is asked about the run next."""
    now = clock()
    changes = _changes(run, status)
    target = state_for(status)
    # This comes before the abort: a site may refuse to abort a job that is over, and the run has to end nevertheless.
    if target.is_terminal:
        return _end(site, run, status, changes, now=now)
    if run.cancel_requested_at and _abort_is_due(run, now):
        site.abort(run.job_url)
        set_columns(run, abort_sent_at=now)
    is_rescheduled = False
    # Only to RUNNING: a job that was seen running may be UNDEFINED or in an early state again, and no run goes back.
    if target != run.run_state and target == RunState.RUNNING:
        is_rescheduled = move(
            run,
            to=target,
            now=now,
            message=f"Running at {run.site_name}.",
            running_at=now,
            next_poll_at=now + SHORT_PAUSE,
            **changes,
        )
    elif changes:
        is_rescheduled = set_columns(run, next_poll_at=now + pause_until_next(run, now=now), **changes)
    if run.run_state == RunState.RUNNING and log_is_due(run, now=now):
        fetch_log(site, run, now=now)
    return is_rescheduled


def _changes(run: Run, status: JobStatus) -> dict[str, Any]:
    columns = {
        "site_status": str(status.state),
        "batch_system_id": status.batch_system_id or "",
        "queue": status.queue or run.queue,
        "site_message": status.message or "",
        "poll_failures": 0,
        "waiting_for": "",
        "waiting_since": None,
    }
    if status.state.is_over:
        columns |= {"exit_code": status.exit_code, "consumed_seconds": dict(status.consumed_seconds)}
    return {name: value for name, value in columns.items() if getattr(run, name) != value}


def _end(site: SiteClient, run: Run, status: JobStatus, changes: dict[str, Any], *, now: datetime) -> bool:
    target, message = ending(run, status, limits=partial(_limits, site, run))
    return move(
        run,
        to=target,
        now=now,
        message=message,
        core_hours=core_hours(run, status),
        running_at=run.running_at or _ran_from(status, now),
        # Due at once: `wrap_up` stores the rest of the log and ends the MLflow run.
        next_poll_at=now,
        **changes,
    )


def _limits(site: SiteClient, run: Run) -> QueueLimits:
    """What the site allows: as stored at the last test of the connection, or if nothing is, as the site says now."""
    if run.connection and run.connection.queue_limits:
        return dict(run.connection.queue_limits)
    try:
        return site.offer().queues
    except SiteError:
        return {}


def _ran_from(status: JobStatus, ended_at: datetime) -> datetime | None:
    """When a job began that started and ended between two polls; None if the site does not say how long it ran."""
    seconds = status.consumed_seconds.get("main")
    return None if seconds is None else ended_at - timedelta(seconds=seconds)


def _store_error(run: Run, error: SiteError, *, now: datetime) -> None:
    """Let the run wait because of `error`, or mark it as lost if the site does not know its job."""
    if isinstance(error, JobGone):
        move(
            run,
            to=RunState.LOST,
            now=now,
            message=f"{run.site_name} no longer knows the job. {why_gone(run, now=now)}",
            next_poll_at=now,
        )
        return
    note_silence(run.connection, error, now=now)
    wait(
        run,
        reason=f"{error.message} The job may be running there; Mantik keeps asking.",
        now=now,
        poll_failures=run.poll_failures + 1,
        next_poll_at=now + backoff(run.poll_failures, first=SHORT_PAUSE, longest=LONGEST_PAUSE),
    )


def _wait_all(runs: Iterable[Run], reason: str, clock: Clock) -> None:
    for run in runs:
        wait(run, reason=reason, now=clock(), next_poll_at=clock() + LONGEST_PAUSE)


def _abort_is_due(run: Run, now: datetime) -> bool:
    return run.abort_sent_at is None or run.abort_sent_at <= now - ABORT_AGAIN_AFTER


def pause_until_next(run: Run, *, now: datetime) -> timedelta:
    """Time until the next poll: short if somebody has the page open, or the run is new or being cancelled."""
    watched = run.watched_until is not None and run.watched_until > now
    is_new = run.submitted_at is not None and run.submitted_at > now - JUST_SUBMITTED
    if watched or is_new or run.cancel_requested_at:
        return SHORT_PAUSE
    return timedelta(seconds=settings.MANTIK_POLL_SECONDS)
