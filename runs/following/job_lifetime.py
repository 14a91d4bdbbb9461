"""Lengthens the life of a job at its site, with that of its files, in good time.

A site deletes a job with its directory at its `terminationTime`, whatever state it is in: a day after it was submitted,
unless the site or somebody says otherwise. UNICORE takes no other time with the job, so it is asked for afterwards: at
the first look at the job, and again when less than MANTIK_JOB_DAYS are left. The answer that tells the state tells the
time, too, so nothing more is asked before it is needed.

Some sites allow less at a time; Mantik asks these again and again. `Run.job_lifetime` is how much the site allows at a
time: None as long as it has refused nothing, zero if it refuses everything.

All times of a site are by its clock, which may be hours wrong. What counts is what is left by that clock;
`Run.job_expires_at` is the same moment by our clock.
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

# Asked for on top of MANTIK_JOB_DAYS. A job is lengthened when it falls below these days: once in this time at most.
SPARE = timedelta(days=1)
# How long the site is not asked again about a job: a quarter of the time that the job has left, within these bounds.
REQUEST_PAUSE_DIVISOR = 4
SHORTEST_REQUEST_PAUSE = timedelta(minutes=1)
LONGEST_REQUEST_PAUSE = timedelta(hours=3)
# A site does not say how much it would allow, so after a refusal a quarter of that is asked for, and so on, down to the
# time that the job has left anyway. A site that refuses even that lengthens nothing.
REFUSAL_DIVISOR = 4
LEAST_ASKED_FOR = timedelta(minutes=1)
NOTHING = timedelta(0)
# Two moments that differ by less are the same: sites tell whole seconds, and an answer takes time to arrive.
SAME_TIME = timedelta(minutes=1)
# A site may name the year 9999, and more than that would overflow a datetime.
FOR_EVER = timedelta(days=36_500)
NEVER = datetime.max.replace(tzinfo=UTC)
# How long one pass over the jobs of a connection may take. A worker that waits for a slow site does nothing else.
LENGTHEN_BUDGET = timedelta(seconds=20)


def keep_jobs(site: SiteClient, answers: Iterable[tuple[Run, JobStatus]], clock: Clock) -> None:
    """Call `keep_job` for jobs of one site, beginning with those that the site deletes first.

    Stops after LENGTHEN_BUDGET; the rest is looked at again soon.
    """
    begun_at = clock()
    for run, status in sorted(answers, key=lambda answer: answer[1].terminates_at or NEVER):
        if clock() - begun_at > LENGTHEN_BUDGET:
            return
        keep_job(site, run, status, now=clock())


def keep_job(site: SiteClient, run: Run, status: JobStatus, *, now: datetime) -> None:
    """Store until when the site keeps the job of `run`, by its `status`, and lengthen that time if it is due.

    Raises nothing: a site that cannot be asked now is asked again later.
    """
    if status.terminates_at is None:
        return
    site_time = _site_time(run, status, now)
    expires_at = now + max(NOTHING, min(status.terminates_at - site_time, FOR_EVER))
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
    """Call `keep_job` for a run that is over and whose log is still being fetched, if it is due. Raises SiteError.

    The state of its job, which tells the time that is left, is not polled any more, so it is asked for here.
    """
    if _is_due(run, now):
        keep_job(site, run, site.status(run.job_url), now=now)


def hurried(run: Run, pause: timedelta, *, now: datetime) -> timedelta:
    """`pause`, or less if the site will soon delete what is still to be fetched."""
    if run.job_expires_at is None or run.job_expires_at <= now:
        return pause
    return min(pause, _pause(run.job_expires_at, now))


def is_refused_more_time(run: Run, *, now: datetime) -> bool:
    """Whether the site has refused to keep the job longer although something of it is still needed."""
    if run.job_lifetime != NOTHING or run.job_expires_at is None:
        return False
    return run.job_expires_at > now and (run.is_active or not run.is_finished_up)


def why_gone(run: Run, *, now: datetime) -> str:
    """Why the site no longer knows the job, in a sentence."""
    if run.job_expires_at is None or run.job_expires_at > now + SAME_TIME:
        return "It was deleted there, or has expired."
    return f"Its time there ended on {absolute_time(run.job_expires_at, zone=UTC)}."


def urgency(run: Run) -> datetime:
    """A sort key that puts runs first whose files the site deletes first."""
    return run.job_expires_at or NEVER


def _site_time(run: Run, status: JobStatus, now: datetime) -> datetime:
    """What the site's clock says now.

    If the answer does not carry the site's time, the difference between the clocks is taken from the submission: its
    `submitted_at` against our `posted_at`.
    """
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
    # A site that refused everything may change its mind, so it is asked as often as job_lengthen_at allows. One that
    # allows less at a time is asked when half of that is over.
    return run.job_lifetime == NOTHING or run.job_expires_at - now < run.job_lifetime / 2


def _lengthen(site: SiteClient, run: Run, ahead: timedelta, now: datetime) -> None:
    """Ask for as much as the site allows. Its clock is `ahead` of ours. Raises SiteError."""
    assert run.job_expires_at is not None
    known = run.job_lifetime
    left = max(run.job_expires_at - now, LEAST_ASKED_FOR)
    first = _first_request(known, left)
    asked, words, is_granted = first, "", False
    while not is_granted:
        try:
            site.keep_until(run.job_url, now + ahead + asked)
            is_granted = True
        except SiteRefused as error:
            if isinstance(error, JobGone) or error.concerns_whole_site:
                raise
            words = error.site_words or ""
            if asked <= left or known == NOTHING:
                break
            asked = max(asked / REFUSAL_DIVISOR, left)
    is_longer = is_granted and now + asked > run.job_expires_at + SAME_TIME
    # A site that grants no more than is left may allow just that at a time, counted from each request. The next request
    # tells: if it lengthens nothing either, the site only confirms the end that it has set.
    if is_longer or (is_granted and known is None):
        allowed = known if asked == first and known != NOTHING else asked
        _store(run, now + asked, allowed, words, now, is_less=asked < first)
    else:
        _store(run, run.job_expires_at, NOTHING, words, now)


def _first_request(known: timedelta | None, left: timedelta) -> timedelta:
    """How much to ask for first, if the site is `known` to allow this much at a time."""
    wanted = timedelta(days=settings.MANTIK_JOB_DAYS) + SPARE
    if known is None:
        return max(wanted, left)
    if known == NOTHING:
        # More than is left: what the site grants then is time that the job did not have.
        return max(min(2 * left, wanted), left)
    return max(known, left)


def _store(
    run: Run, expires_at: datetime, allowed: timedelta | None, words: str, now: datetime, *, is_less: bool = False
) -> None:
    """Store until when the site keeps the job and how much it allows at a time, with an event if that has changed.

    `is_less`: the site has refused the time that was asked for first.
    """
    is_news = allowed != run.job_lifetime
    with transaction.atomic():
        stored = set_columns(
            run, job_expires_at=expires_at, job_lifetime=allowed, job_lengthen_at=now + _pause(expires_at, now)
        )
        if stored and is_news:
            kind, message = _event(run, is_less=is_less)
            record(run, now=now, kind=kind, message=f"{message}{quoted(words)}")


def _event(run: Run, *, is_less: bool) -> tuple[str, str]:
    assert run.job_expires_at is not None
    until = absolute_time(run.job_expires_at, zone=UTC)
    if run.job_lifetime == NOTHING:
        return (
            "job.not-lengthened",
            f"{run.site_name} will delete the job and its files on {until}, and refused to keep them longer.",
        )
    how_much = ", which is less than Mantik asked for" if is_less else ""
    return (
        "job.lengthened",
        f"{run.site_name} keeps the job and its files until {until}{how_much}. Mantik asks again before then, while it "
        "still needs them.",
    )


def _pause(expires_at: datetime, now: datetime) -> timedelta:
    return min(LONGEST_REQUEST_PAUSE, max(SHORTEST_REQUEST_PAUSE, (expires_at - now) / REQUEST_PAUSE_DIVISOR))
