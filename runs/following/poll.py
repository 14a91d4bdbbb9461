"""Knowing what became of started jobs.

The site is asked about due runs only, a small GET each, over one pooled client and one security session per
connection. A notification makes a run due at once; it is a hint, and this is the truth. A site that cannot be
reached says nothing about its jobs: such a run keeps its state and says for what it waits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.conf import settings
from django.db import connection as database
from django.db import transaction

from connections.logins.login_health import note_refusal, note_use, objection
from connections.logins.site_clients import open_connection
from connections.models import Connection
from connections.unicore.client import SiteClient
from connections.unicore.errors import JobGone, SiteError
from connections.unicore.values import JobStatus
from mantik.lib.backoff import Clock, backoff
from mantik.lib.sealing import SealBroken
from runs.backend_config import QueueLimits
from runs.following.finish import wrap_up
from runs.following.job_log import fetch_log, log_is_due
from runs.following.outcomes import core_hours, ending, state_for
from runs.lifecycle import move, set_columns, wait
from runs.models import Run
from runs.states import AT_SITE, RunState

log = structlog.get_logger(__name__)

# While a worker has claimed runs nobody else asks about them; one that dies loses them for this long.
CLAIM = timedelta(seconds=60)
BATCH = 500
LONGEST_PAUSE = timedelta(minutes=5)
YOUNG = timedelta(minutes=1)
QUICK = timedelta(seconds=2)
REPEAT_ABORT = timedelta(minutes=1)


def claim_due(*, now: datetime, limit: int = 5000) -> list[tuple[int | None, list[int]]]:
    """Claim due runs, longest due first, in batches of one connection each: (connection id, run ids)."""
    with transaction.atomic():
        rows = Run.objects.due_for_following(now).order_by("next_poll_at")
        if database.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True, of=("self",))
        due = list(rows.values_list("pk", "connection_id")[:limit])
        for batch in _batches([pk for pk, _ in due]):
            Run.objects.filter(pk__in=batch).update(next_poll_at=now + CLAIM)
    by_connection: dict[int | None, list[int]] = defaultdict(list)
    for pk, connection_id in due:
        by_connection[connection_id].append(pk)
    return [(key, batch) for key, ids in by_connection.items() for batch in _batches(ids)]


def follow_runs(*, run_ids: Iterable[int], clock: Clock) -> None:
    """Ask the site about runs of one connection, and do what the answers call for."""
    runs = list(
        Run.objects.filter(pk__in=list(run_ids)).select_related("connection__site", "cancel_requested_by", "project")
    )
    for run in runs:
        if run.is_terminal:
            wrap_up(run, clock=clock)
    at_site = {run.job_url: run for run in runs if run.state in AT_SITE}
    if at_site:
        _follow(at_site, clock)


def _follow(at_site: dict[str, Run], clock: Clock) -> None:
    connection = next(iter(at_site.values())).connection
    if connection is None:
        _wait_all(at_site.values(), "The connection was deleted, so Mantik cannot ask the site about the job.", clock)
        return
    held = objection(connection)
    if held:
        _wait_all(at_site.values(), f"{held} The job may well go on there.", clock)
        return
    try:
        site = open_connection(connection)
    except (SiteError, SealBroken) as error:
        _wait_all(at_site.values(), str(error), clock)
        return
    _ask(site, connection, at_site, clock)


def _ask(site: SiteClient, connection: Connection, at_site: dict[str, Run], clock: Clock) -> None:
    unchanged: dict[timedelta, list[int]] = defaultdict(list)
    for place, (job_url, answer) in enumerate(site.statuses(list(at_site))):
        if place == 0:
            _judge_login(connection, answer, now=clock())
        run = at_site[job_url]
        try:
            if isinstance(answer, SiteError):
                _no_answer(run, answer, now=clock())
            elif not _observe(site, run, answer, clock):
                unchanged[pause_until_next(run, now=clock())].append(run.pk)
        except SiteError as error:
            _no_answer(run, error, now=clock())
    now = clock()
    for pause, ids in unchanged.items():
        # One statement for the many runs of which there is nothing new.
        Run.objects.filter(pk__in=ids, state__in=AT_SITE).update(next_poll_at=now + pause)


def _judge_login(connection: Connection, answer: JobStatus | SiteError, *, now: datetime) -> None:
    """By the first of many answers: if the login is refused, the others say the same."""
    if isinstance(answer, SiteError):
        note_refusal(connection, answer, now=now)
    else:
        note_use(connection, now=now)


def _observe(site: SiteClient, run: Run, status: JobStatus, clock: Clock) -> bool:
    """Bring `run` in line with `status`. False if there was nothing to write."""
    now = clock()
    if run.cancel_requested_at and _abort_is_due(run, now):
        site.abort(run.job_url)
        set_columns(run, abort_sent_at=now)
    changes = _changes(run, status)
    target = state_for(status)
    if target.is_terminal:
        return _end(site, run, status, changes, now=now)
    moved = False
    if target != run.run_state and target == RunState.RUNNING:
        moved = move(
            run,
            to=target,
            now=now,
            message=f"Running at {run.site_name}.",
            running_at=now,
            next_poll_at=now + QUICK,
            **changes,
        )
    elif changes:
        moved = set_columns(run, next_poll_at=now + pause_until_next(run, now=now), **changes)
    if run.run_state == RunState.RUNNING and log_is_due(run, now=now):
        fetch_log(site, run, now=now)
    return moved


def _changes(run: Run, status: JobStatus) -> dict[str, Any]:
    seen = {
        "site_status": str(status.state),
        "batch_system_id": status.batch_system_id or "",
        "queue": status.queue or run.queue,
        "site_message": status.message or "",
        "poll_failures": 0,
        "waiting_for": "",
        "waiting_since": None,
    }
    if status.state.is_over:
        seen |= {"exit_code": status.exit_code, "consumed_seconds": dict(status.consumed_seconds)}
    return {name: value for name, value in seen.items() if getattr(run, name) != value}


def _end(site: SiteClient, run: Run, status: JobStatus, changes: dict[str, Any], *, now: datetime) -> bool:
    target, message = ending(run, status, limits=partial(_limits, site, run))
    return move(
        run,
        to=target,
        now=now,
        message=message,
        core_hours=core_hours(run, status),
        running_at=run.running_at or _ran_from(status, now),
        next_poll_at=now,
        **changes,
    )


def _limits(site: SiteClient, run: Run) -> QueueLimits:
    """What the site allows: as it was told when the connection was tested, or as it says now."""
    if run.connection and run.connection.queue_limits:
        return dict(run.connection.queue_limits)
    try:
        return site.offer().queues
    except SiteError:
        return {}


def _ran_from(status: JobStatus, ended_at: datetime) -> datetime | None:
    """When a job that ran between two looks must have begun."""
    seconds = status.consumed_seconds.get("main")
    return None if seconds is None else ended_at - timedelta(seconds=seconds)


def _no_answer(run: Run, error: SiteError, *, now: datetime) -> None:
    if isinstance(error, JobGone):
        move(
            run,
            to=RunState.LOST,
            now=now,
            message=f"{run.site_name} no longer knows the job. It was deleted there, or its time there ran out.",
            next_poll_at=now,
        )
        return
    failures = run.poll_failures + 1
    wait(
        run,
        reason=f"{error.message} The job may well go on there; Mantik keeps asking.",
        now=now,
        poll_failures=failures,
        next_poll_at=now + backoff(failures, first=QUICK, longest=LONGEST_PAUSE),
    )


def _wait_all(runs: Iterable[Run], reason: str, clock: Clock) -> None:
    for run in runs:
        wait(run, reason=reason, now=clock(), next_poll_at=clock() + LONGEST_PAUSE)


def _abort_is_due(run: Run, now: datetime) -> bool:
    return run.abort_sent_at is None or run.abort_sent_at <= now - REPEAT_ABORT


def pause_until_next(run: Run, *, now: datetime) -> timedelta:
    """Quick for what somebody looks at, waits to be cancelled, or has just been submitted."""
    watched = run.watched_until is not None and run.watched_until > now
    young = run.submitted_at is not None and run.submitted_at > now - YOUNG
    if watched or young or run.cancel_requested_at:
        return QUICK
    return timedelta(seconds=settings.MANTIK_POLL_SECONDS)


def _batches(ids: list[int]) -> list[list[int]]:
    return [ids[start : start + BATCH] for start in range(0, len(ids), BATCH)]
