"""Says what an active run waits for: its silent or busy site, what a worker has stored, a worker that is
missing, or a program that is silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from connections.models import SiteOutage
from connections.outages.breaker import next_try, outages_by_connection
from connections.visits.places import without_place
from runs.models import RegisteredModel, Run
from runs.states import AT_SITE, BEFORE_START
from runs.tracking.local_runs import SILENT_AFTER, silent_since

# How long something may be due before a page says that no worker has taken it. Sweeps come every few seconds.
UNATTENDED = timedelta(seconds=30)
# How long a site may be due to be asked before a page says that Mantik has not asked it.
UNASKED = timedelta(minutes=3)
OPERATORS = "If this does not change, ask an operator whether all processes of Mantik (workers and beat) are running."


@dataclass(frozen=True)
class Waiting:
    """What a run waits for, in a sentence or two, since when, and the next try if it is known ("next try in 40 s")."""

    reason: str
    since: datetime | None
    next_try: str = ""


@dataclass(frozen=True)
class SitesNow:
    """What runs may wait for at their sites, by ids of connections.

    `outages`: sites that are silent. `without_place`: connections without a place for one more worker.
    """

    outages: Mapping[int, SiteOutage]
    without_place: frozenset[int]


def sites_now(runs: Iterable[Run], *, now: datetime) -> SitesNow:
    """What the active ones of `runs` may wait for. One query, or two; a few more if one of them is overdue."""
    active = [run for run in runs if run.is_active and run.connection_id is not None]
    overdue = {run.connection_id for run in active if run.state in BEFORE_START and _overdue_since(run, now)}
    return SitesNow(
        outages_by_connection((run.connection_id for run in active if run.connection_id is not None), now=now),
        without_place((pk for pk in overdue if pk is not None), now) if overdue else frozenset(),
    )


def waiting(run: Run, *, now: datetime, sites: SitesNow) -> Waiting | None:
    """What `run` waits for; None if it has ended or is being worked on. `sites` is what `sites_now` returns."""
    if run.is_terminal:
        return None
    if run.is_local:
        return _of_silence(run, now)
    outage = sites.outages.get(run.connection_id) if run.connection_id is not None else None
    if outage is not None:
        return _of_outage(run, outage, now)
    since = _overdue_since(run, now)
    if since is not None and run.connection_id in sites.without_place:
        return Waiting(
            f"Mantik is busy with other runs at {run.site_name}. This run continues when it is its turn.", since
        )
    return _unattended(run, now) or (Waiting(run.waiting_for, run.waiting_since) if run.waiting_for else None)


def _of_silence(run: Run, now: datetime) -> Waiting | None:
    since = silent_since(run, now=now)
    if since is None:
        return None
    day, hours = timezone.localtime(since), SILENT_AFTER // timedelta(hours=1)
    year = "" if day.year == timezone.localtime(now).year else f" {day.year}"
    silent = f"Silent since {day.day} {day:%B}{year}: its program has not logged anything for {hours} h or more."
    return Waiting(f"{silent} End the run if its program has ended.", None)


def _of_outage(run: Run, outage: SiteOutage, now: datetime) -> Waiting:
    if outage.ended_at is not None:
        return Waiting(f"{run.site_name} answers again. The run continues in a moment.", outage.ended_at)
    there = " The job may be running there." if run.state in AT_SITE else ""
    reason = f"{run.site_name} does not answer. {outage.reason}{there}"
    since = max(outage.began_at, run.created_at)
    if now - outage.next_try_at >= UNASKED:
        return Waiting(f"{reason} Mantik has not checked {run.site_name} for a while. {OPERATORS}", since)
    return Waiting(reason, since, next_try(outage, now))


def unattended(row: Run | RegisteredModel, noun: str, *, now: datetime) -> Waiting | None:
    """What `row` waits for if it has been due for a while and no worker has it. `noun` is what members call it."""
    due = _overdue_since(row, now)
    if due is None:
        return None
    sentence = (
        f"Mantik stopped working on this {noun} and has not continued."
        if row.attempts
        else f"Mantik has not started work on this {noun} yet."
    )
    return Waiting(f"{sentence} {OPERATORS}", due)


def _overdue_since(row: Run | RegisteredModel, now: datetime) -> datetime | None:
    due = max(filter(None, (row.next_attempt_at, row.lease_until)), default=None)
    return None if due is None or now - due < UNATTENDED else due


def _unattended(run: Run, now: datetime) -> Waiting | None:
    """What a run waits for that is due, and that no worker has taken."""
    if run.state in BEFORE_START:
        return unattended(run, "run", now=now)
    if run.state in AT_SITE and run.next_poll_at is not None and now - run.next_poll_at >= UNASKED:
        sentence = f"Mantik has not asked {run.site_name} about the job for a while."
        return Waiting(f"{sentence} {OPERATORS}", run.next_poll_at)
    return None
