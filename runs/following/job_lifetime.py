"""Lengthens the life of a job at its site, with that of its files, in good time.

A site deletes a job with its directory at its `terminationTime`, whatever state it is in: a day after it was submitted,
unless the site or somebody says otherwise. UNICORE takes no other time with the job, so it is asked for afterwards: at
the first look at the job, and again when less than MANTIK_JOB_DAYS are left. The answer that tells the state tells the
time, too, so nothing more is asked before it is needed.

Some sites allow less at a time; then they are asked again and again. `job_lifetime` is how much to ask for: None as
long as the site has refused nothing, zero if it refuses everything.

All times of a site are by its clock, which may be hours wrong. What counts is what is left by that clock;
`job_expires_at` is the same moment by ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction

from connections.outages.breaker import note_silence, outage_of
from connections.unicore.client import SiteClient
from connections.unicore.errors import JobGone, SiteError, SiteRefused
from connections.unicore.values import JobStatus
from connections.unicore.wording import quoted
from mantik.lib.backoff import Clock
from mantik.lib.humanize import absolute_time
from runs.lifecycle import record, set_columns
from runs.models import Run

log = structlog.get_logger(__name__)

# More than is needed is asked for, so that a job is asked for once in this time.
SPARE = timedelta(days=1)
# After a site was asked for a job, it is left in peace; where less is left than that, for a quarter of what is left.
ASK_AGAIN_AFTER = timedelta(hours=3)
SHORTEST_PAUSE = timedelta(minutes=1)
# A site does not say what it would allow. If it refuses some time, it is asked for a quarter, but for no less than is
# left: that it has allowed before, and will again, unless it lengthens nothing.
PART = 4
NOTHING = timedelta(0)
# Clocks are told to the second, and answers travel.
SAME_TIME = timedelta(minutes=1)
FOR_EVER = timedelta(days=36_500)
NEVER = datetime.max.replace(tzinfo=UTC)
LONGEST_VISIT = timedelta(seconds=20)


def keep_jobs(site: SiteClient, seen: Iterable[tuple[Run, JobStatus]], clock: Clock) -> None:
    """`keep_job` for many of one site: those first that it deletes first, and no longer than LONGEST_VISIT.

    The others are seen again soon, and a worker that waits for a slow site does nothing else.
    """
    begun_at = clock()
    for run, status in sorted(seen, key=lambda one: one[1].terminates_at or NEVER):
        if clock() - begun_at > LONGEST_VISIT:
            return
        keep_job(site, run, status, now=clock())


def keep_job(site: SiteClient, run: Run, status: JobStatus, *, now: datetime) -> None:
    """Store until when the site keeps the job that answered with `status`, and ask for longer if that is due.

    Raises nothing: a site that cannot be asked now is asked again.
    """
    if status.terminates_at is None:
        return
    site_time = _site_time(run, status, now)
    expires_at = now + max(timedelta(0), min(status.terminates_at - site_time, FOR_EVER))
    if run.job_expires_at is None or abs(run.job_expires_at - expires_at) > SAME_TIME:
        set_columns(run, job_expires_at=expires_at)
    if not _is_due(run, now) or outage_of(run.connection):
        return
    try:
        _lengthen(site, run, site_time - now, now)
    except SiteError as error:
        note_silence(run.connection, error, now=now)
        log.warning("job_not_lengthened", run=str(run.uuid), reason=error.message)
        set_columns(run, job_lengthen_at=now + _pause(expires_at, now))


def keep_files(site: SiteClient, run: Run, *, now: datetime) -> None:
    """The same for a run that is over, as long as something is to be fetched. Raises SiteError.

    Nobody asks for the state of its job any more, so that is asked if it is due.
    """
    if _is_due(run, now):
        keep_job(site, run, site.status(run.job_url), now=now)


def hurried(run: Run, pause: timedelta, *, now: datetime) -> timedelta:
    """`pause`, or less if the site is going to delete before long what is still to be fetched."""
    if run.job_expires_at is None or run.job_expires_at <= now:
        return pause
    return min(pause, _pause(run.job_expires_at, now))


def is_short_lived(run: Run, *, now: datetime) -> bool:
    """Whether the site keeps for no longer what is still needed of it."""
    if run.job_lifetime != NOTHING or run.job_expires_at is None:
        return False
    return run.job_expires_at > now and (run.is_active or not run.log_complete)


def why_gone(run: Run, *, now: datetime) -> str:
    """A sentence on a job that the site no longer knows."""
    if run.job_expires_at is None or run.job_expires_at > now + SAME_TIME:
        return "It was deleted there, or has expired."
    return f"Its time there ended on {absolute_time(run.job_expires_at, zone=UTC)}."


def urgency(run: Run) -> datetime:
    """To sort by: the runs first whose files go first."""
    return run.job_expires_at or NEVER


def _site_time(run: Run, status: JobStatus, now: datetime) -> datetime:
    """What the site's clock says now. A site that does not say it has said it when it got the job."""
    if status.answered_at is not None:
        return status.answered_at
    if status.submitted_at is not None and run.posted_at is not None:
        return now + (status.submitted_at - run.posted_at)
    return now


def _is_due(run: Run, now: datetime) -> bool:
    if run.job_expires_at is None or (run.job_lengthen_at is not None and run.job_lengthen_at > now):
        return False
    if run.job_lifetime is None:
        return run.job_expires_at - now < timedelta(days=settings.MANTIK_JOB_DAYS)
    return run.job_lifetime == NOTHING or run.job_expires_at - now < run.job_lifetime / 2


def _lengthen(site: SiteClient, run: Run, ahead: timedelta, now: datetime) -> None:
    """Ask for as much as the site allows. Its clock is `ahead` of ours. Raises SiteError."""
    assert run.job_expires_at is not None
    left = max(run.job_expires_at - now, SHORTEST_PAUSE)
    most = timedelta(days=settings.MANTIK_JOB_DAYS) + SPARE if run.job_lifetime is None else run.job_lifetime
    asked, words = max(most, left), ""
    while True:
        try:
            site.keep_until(run.job_url, now + ahead + asked)
        except SiteRefused as error:
            if isinstance(error, JobGone) or error.concerns_whole_site:
                raise
            words = error.site_words or ""
        else:
            _store(run, now + asked, run.job_lifetime if asked == most else asked, words, now)
            return
        if asked <= left:
            _store(run, run.job_expires_at, NOTHING, words, now)
            return
        asked = max(asked / PART, left)


def _store(run: Run, expires_at: datetime, allowed: timedelta | None, words: str, now: datetime) -> None:
    is_news = allowed != run.job_lifetime
    with transaction.atomic():
        stored = set_columns(
            run, job_expires_at=expires_at, job_lifetime=allowed, job_lengthen_at=now + _pause(expires_at, now)
        )
        if stored and is_news:
            kind, message = _event(run)
            record(run, now=now, kind=kind, message=f"{message}{quoted(words)}")


def _event(run: Run) -> tuple[str, str]:
    assert run.job_expires_at is not None
    until = absolute_time(run.job_expires_at, zone=UTC)
    if run.job_lifetime == NOTHING:
        return (
            "job.not-lengthened",
            f"{run.site_name} will delete the job and its files on {until}, and refused to keep them longer.",
        )
    for_now = f"{run.site_name} keeps the job and its files until {until}, which is less than Mantik asked for."
    return "job.lengthened", f"{for_now} Mantik asks again before then, while it still needs them."


def _pause(expires_at: datetime, now: datetime) -> timedelta:
    return min(ASK_AGAIN_AFTER, max(SHORTEST_PAUSE, (expires_at - now) / PART))
