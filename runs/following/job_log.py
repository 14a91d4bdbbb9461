"""Fetches the job's log in ranges and stores it in chunks. `log_ranges.py` decides which range is next.

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

# What one call of `fetch_log` may fetch: a job that logs a lot must not keep a worker busy.
LOG_BUDGET_CHUNKS = 16
LOG_BUDGET_SECONDS = 10.0
UNWATCHED_INTERVAL = timedelta(seconds=60)
# How many bytes are compared to tell whether it is still the same log.
_BYTES_COMPARED = 256


@dataclass(frozen=True)
class Fetched:
    """How far the stored log is after one call of `fetch_log`.

    `has_end`: the last byte that the site has is stored. `is_whole`: so is everything that Mantik keeps of the log.
    `has_news`: this call fetched something, whoever stored it first.
    """

    has_end: bool
    is_whole: bool
    has_news: bool


NOTHING_LEFT = Fetched(has_end=True, is_whole=True, has_news=False)


def log_is_due(run: Run, *, now: datetime) -> bool:
    """Whether to fetch now: each time while somebody has the page open, otherwise every UNWATCHED_INTERVAL."""
    if run.watched_until and run.watched_until > now:
        return True
    return run.log_fetched_at is None or run.log_fetched_at <= now - UNWATCHED_INTERVAL


def limits() -> Limits:
    return Limits(settings.MANTIK_LOG_MAX_BYTES, budget=LOG_BUDGET_CHUNKS * CHUNK)


def fetch_log(site: SiteClient, run: Run, *, now: datetime) -> Fetched:
    """Fetch what is new at the site, as much as the budget allows, and store it.

    Of a log larger than MANTIK_LOG_MAX_BYTES only head and tail are kept. Raises SiteError; what arrived until then is
    stored.
    """
    # Unconditional: it is only the time of the last try, and the worst that a race does is one more fetch.
    Run.objects.filter(pk=run.pk).update(log_fetched_at=now)
    found = site.stat(run.job_url, LOG)
    if found is None:
        if run.is_terminal and stored_of(run).end:
            message = f"The log is no longer at {run.site_name}. What was fetched before is kept."
            record(run, now=now, kind="log.gone", message=message)
        return NOTHING_LEFT
    if _was_replaced(site, run, found.size):
        _drop_replaced_log(run, now)
    middle = limits().middle(found.size)
    if middle:
        _say_that_it_is_large(run, now)
        _drop(run, middle)
    return _fetch(site, run, found.size)


def _fetch(site: SiteClient, run: Run, size: int) -> Fetched:
    deadline = time.monotonic() + LOG_BUDGET_SECONDS
    fetched = 0
    while fetched < limits().budget and time.monotonic() < deadline:
        step = _next(run, size)
        content = site.read(run.job_url, LOG, step.offset, step.length) if step else b""
        if not step or not content or not _store(run, step, content):
            break
        fetched += len(content)
    return Fetched(has_end=stored_of(run).end >= size, is_whole=_missing(run, size) is None, has_news=fetched > 0)


def _missing(run: Run, size: int) -> Step | None:
    """The next step, or None, as `next_step` says."""
    stored = stored_of(run)
    return next_step(stored, max(size, stored.end), limits(), is_over=run.is_terminal)


def _next(run: Run, size: int) -> Step | None:
    """The next step, or None if it lies beyond the size that the site reports now.

    That may be less than it reported before (several machines), and some sites never answer a range beyond the end.
    """
    step = _missing(run, size)
    return step if step and step.offset + step.length <= size else None


def _store(run: Run, step: Step, content: bytes) -> bool:
    """Store what one step has fetched. False if the site sent less than it reported, so that a hole would be left."""
    old = stored_of(run)
    new = step.after(old, len(content))
    if new is None:
        return False
    if not _change(run, old, new, step, content):
        # Another worker stored this range a moment ago: continue from where it got to.
        _read_again(run)
    return True


def _change(run: Run, old: Stored, new: Stored, step: Step, content: bytes) -> bool:
    with transaction.atomic():
        if not compare_and_set(_rows_as_in(old), run, **_columns(new)):
            return False
        if step.place is Place.NEW_TAIL:
            RunLogChunk.objects.filter(run=run, offset__gte=old.head).delete()
        RunLogChunk.objects.create(run=run, offset=step.offset, content=content)
    return True


def _rows_as_in(stored: Stored) -> RunQuerySet:
    """The runs of which this much is stored: `compare_and_set` picks the one that it is about."""
    return Run.objects.filter(**_columns(stored))


def _columns(stored: Stored) -> dict[str, Any]:
    start, end = stored.tail or (None, None)
    # The column log_size keeps its old name: it is the length of the head.
    return {"log_size": stored.head, "log_tail_from": start, "log_tail_to": end}


def _drop(run: Run, middle: Span) -> None:
    """Drop the chunks that begin in `middle`. The chunks after it become the tail.

    If the gap before the old tail lies among those chunks, they are dropped, too: what is stored has one gap at most,
    and what lies behind `middle` is fetched again.
    """
    old = stored_of(run)
    chunks = RunLogChunk.objects.filter(run=run, offset__gte=middle.start).order_by("offset")
    offsets = chunks.values_list("offset", flat=True)
    with transaction.atomic():
        first, behind = offsets.first(), offsets.filter(offset__gte=middle.end).first()
        if first is None or first == behind:
            return
        is_of_one_piece = old.tail is None or old.head <= middle.end
        tail = Span(behind, old.end) if behind is not None and is_of_one_piece else None
        if not compare_and_set(_rows_as_in(old), run, **_columns(Stored(min(old.head, first), tail))):
            _read_again(run)
            return
        (chunks.filter(offset__lt=tail.start) if tail else chunks).delete()


def _read_again(run: Run) -> None:
    run.refresh_from_db(fields=["log_size", "log_tail_from", "log_tail_to"])


def _was_replaced(site: SiteClient, run: Run, size: int) -> bool:
    """Whether the job has started a new log, as a job does that its batch system starts a second time.

    A smaller size alone does not prove it: a site with several machines may report an older size than before.
    """
    stored = stored_of(run)
    end = min(size, stored.head)
    if size >= stored.end or not end:
        return False
    start = max(0, end - _BYTES_COMPARED)
    content = site.read(run.job_url, LOG, start, end - start)
    # A site sends less of a file that is gone, or is shorter still on another of its machines: that proves nothing.
    return len(content) == end - start and content != read_bytes(run, start, end)


def _drop_replaced_log(run: Run, now: datetime) -> None:
    with transaction.atomic():
        old = stored_of(run)
        if compare_and_set(_rows_as_in(old), run, log_truncated=False, **_columns(Stored())):
            RunLogChunk.objects.filter(run=run).delete()
            message = (
                f"The job started a new log, so Mantik keeps the new one and dropped the {filesize(old.size)} that it "
                "had kept of the former log, which is no longer at the site."
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
