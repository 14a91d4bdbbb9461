"""When a worker looks at what the relays of a job have written.

As at its log: every two seconds while somebody has the page open, once a minute otherwise, and again when the job is
over.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from connections.outages.breaker import connection_is_silent
from connections.visits.places import Full
from mantik.lib.leases import is_free
from runs.models import JobTracking, JournalPart, Run

WATCHED_PAUSE = timedelta(seconds=2)
UNWATCHED_PAUSE = timedelta(seconds=60)
_SENT = Exists(JournalPart.objects.filter(journal__run=OuterRef("run")))


def due_tracking(now: datetime, full: Full) -> QuerySet[JobTracking]:
    """Rows that are due, and whose site can be asked now, or whose relay has sent something."""
    due = JobTracking.objects.filter(is_free(now), due_at__lte=now)
    at_full_site = Q(run__connection__in=full.connections) | Q(run__connection__site__in=full.sites)
    return due.filter(_SENT | ~(connection_is_silent("run__connection") | at_full_site))


def look_soon(run: Run, *, now: datetime) -> None:
    """The job of `run` has begun or is over. In the transaction that says so."""
    JobTracking.objects.filter(run=run).update(due_at=now)


def look_sooner(run: Run, *, now: datetime) -> None:
    """Somebody has opened the page of `run`."""
    _of(run).filter(_later(now), due_at__isnull=False).update(due_at=now)


def look_at_sent(run: Run, *, now: datetime) -> None:
    """A relay of `run` has sent something, also if all seemed to be home."""
    _of(run).filter(_later(now) | Q(due_at=None)).update(due_at=now)


def _of(run: Run) -> QuerySet[JobTracking]:
    return JobTracking.objects.filter(run=run)


def _later(now: datetime) -> Q:
    """A worker that is looking now may be past what there is to see: it looks once more if the time has changed."""
    return Q(due_at__gt=now + WATCHED_PAUSE) | Q(lease_until__gt=now)


def is_home(run: Run) -> bool:
    """Whether nothing is left to fetch, or the job was sent no relay."""
    return not JobTracking.objects.filter(run=run, due_at__isnull=False).exists()


def give_up(run: Run) -> None:
    """Look no more at what the relays of `run` have written."""
    JobTracking.objects.filter(run=run).update(due_at=None)


def pause(run: Run, *, now: datetime) -> timedelta:
    is_watched = run.watched_until is not None and run.watched_until > now
    return WATCHED_PAUSE if is_watched else UNWATCHED_PAUSE
