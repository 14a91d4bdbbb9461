"""The job's log: fetched in ranges and stored in chunks. `log_ranges.py` says which comes next, `kept_log.py` reads.

Chunks are stored under the byte offset where they begin, together with the columns of the run that tell what is there,
by a compare-and-set on these: of two workers that fetch the same range, one stores it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from connections.unicore.client import SiteClient
from mantik.lib.humanize import filesize
from mantik.lib.leases import compare_and_set
from runs.following.kept_log import read_bytes, stored_of
from runs.following.log_ranges import CHUNK, Limits, Place, Span, Step, Stored, next_step
from runs.job.layout import LOG
from runs.lifecycle import record
from runs.models import Run, RunLogChunk
from runs.querysets import RunQuerySet

# A job that logs a lot must not keep a worker busy: the rest is fetched next time.
CHUNKS_PER_VISIT = 16
LONGEST_VISIT_SECONDS = 10.0
UNWATCHED_INTERVAL = timedelta(seconds=60)
# So many bytes tell whether it is still the same log.
_COMPARED = 256


@dataclass(frozen=True)
class Visit:
    """What came of fetching: `has_end` if what the site had last is here, `is_whole` if so is all that is kept of it,
    `has_news` if bytes have come."""

    has_end: bool = True
    is_whole: bool = True
    has_news: bool = False


def log_is_due(run: Run, *, now: datetime) -> bool:
    """Always while somebody has the page open, else once a minute."""
    if run.watched_until and run.watched_until > now:
        return True
    return run.log_fetched_at is None or run.log_fetched_at <= now - UNWATCHED_INTERVAL


def limits() -> Limits:
    return Limits(settings.MANTIK_LOG_MAX_BYTES, visit=CHUNKS_PER_VISIT * CHUNK)


def fetch_log(site: SiteClient, run: Run, *, now: datetime) -> Visit:
    """Store what is new at the site, as much as fits in one visit.

    Raises SiteError; what came before it is stored. Beyond MANTIK_LOG_MAX_BYTES head and tail are kept.
    """
    Run.objects.filter(pk=run.pk).update(log_fetched_at=now)
    found = site.stat(run.job_url, LOG)
    if found is None:
        if run.is_terminal and stored_of(run).end:
            message = f"The log is no longer at {run.site_name}. What was fetched before is kept."
            record(run, now=now, kind="log.gone", message=message)
        return Visit()
    if _was_replaced(site, run, found.size):
        _begin_anew(run, now)
    middle = limits().middle(found.size)
    if middle:
        _say_that_it_is_large(run, now)
        _drop(run, middle)
    return _fetch(site, run, found.size)


def _fetch(site: SiteClient, run: Run, size: int) -> Visit:
    deadline = time.monotonic() + LONGEST_VISIT_SECONDS
    fetched = 0
    while fetched < limits().visit and time.monotonic() < deadline:
        step = _next(run, size)
        content = site.read(run.job_url, LOG, step.offset, step.length) if step else b""
        if not step or not content or not _store(run, step, content):
            break
        fetched += len(content)
    return Visit(has_end=stored_of(run).end >= size, is_whole=_missing(run, size) is None, has_news=fetched > 0)


def _missing(run: Run, size: int) -> Step | None:
    """What is to be fetched next."""
    stored = stored_of(run)
    return next_step(stored, max(size, stored.end), limits(), is_over=run.is_terminal)


def _next(run: Run, size: int) -> Step | None:
    """The same, if it is there: a site may tell an older size than before, and beyond the end some never answer."""
    step = _missing(run, size)
    return step if step and step.offset + step.length <= size else None


def _store(run: Run, step: Step, content: bytes) -> bool:
    """False if the site gave less than it had told, so that a hole would be left."""
    before = stored_of(run)
    after = step.after(before, len(content))
    if after is None:
        return False
    if not _change(run, before, after, step, content):
        # Another worker stored this range a moment ago: go on from where it got to.
        _read_again(run)
    return True


def _change(run: Run, before: Stored, after: Stored, step: Step, content: bytes) -> bool:
    with transaction.atomic():
        if not compare_and_set(_as_read(before), run, **_columns(after)):
            return False
        if step.place is Place.NEW_TAIL:
            RunLogChunk.objects.filter(run=run, offset__gte=before.head).delete()
        RunLogChunk.objects.create(run=run, offset=step.offset, content=content)
    return True


def _as_read(stored: Stored) -> RunQuerySet:
    return Run.objects.filter(**_columns(stored))


def _columns(stored: Stored) -> dict[str, Any]:
    start, end = stored.tail or (None, None)
    return {"log_size": stored.head, "log_tail_from": start, "log_tail_to": end}


def _drop(run: Run, middle: Span) -> None:
    """Drop the chunks that begin in `middle`. What is behind it is the tail, if it has no gap itself."""
    before = stored_of(run)
    chunks = RunLogChunk.objects.filter(run=run, offset__gte=middle.start).order_by("offset")
    offsets = chunks.values_list("offset", flat=True)
    with transaction.atomic():
        first, behind = offsets.first(), offsets.filter(offset__gte=middle.end).first()
        if first is None or first == behind:
            return
        is_of_one_piece = before.tail is None or before.head <= middle.end
        tail = Span(behind, before.end) if behind is not None and is_of_one_piece else None
        if not compare_and_set(_as_read(before), run, **_columns(Stored(min(before.head, first), tail))):
            _read_again(run)
            return
        (chunks.filter(offset__lt=tail.start) if tail else chunks).delete()


def _read_again(run: Run) -> None:
    run.refresh_from_db(fields=["log_size", "log_tail_from", "log_tail_to"])


def _was_replaced(site: SiteClient, run: Run, size: int) -> bool:
    """Whether the job has begun its log anew, as one does that its batch system starts a second time.

    That it is shorter is not enough: a site with several machines may tell an older size than it did before.
    """
    end = min(size, run.log_size)
    if size >= stored_of(run).end or not end:
        return False
    start = max(0, end - _COMPARED)
    said = site.read(run.job_url, LOG, start, end - start)
    # Of a file that is gone, or is shorter still on another machine, less is given: that says nothing.
    return len(said) == end - start and said != read_bytes(run, start, end)


def _begin_anew(run: Run, now: datetime) -> None:
    with transaction.atomic():
        before = stored_of(run)
        if compare_and_set(_as_read(before), run, log_truncated=False, **_columns(Stored())):
            RunLogChunk.objects.filter(run=run).delete()
            message = (
                f"The job has begun its log anew, so that Mantik has, too. {filesize(before.end)} of the former log, "
                "which is no longer at the site, were dropped."
            )
            record(run, now=now, kind="log.replaced", message=message)


def _say_that_it_is_large(run: Run, now: datetime) -> None:
    if run.log_truncated:
        return
    kept = limits()
    with transaction.atomic():
        if Run.objects.filter(pk=run.pk, log_truncated=False).update(log_truncated=True):
            message = (
                f"The log is larger than {filesize(kept.whole)}. Its first {filesize(kept.head)} and its last "
                f"{filesize(kept.tail)} are kept; the site has the whole log until it deletes the job."
            )
            record(run, now=now, kind="log.truncated", message=message)
    run.log_truncated = True
