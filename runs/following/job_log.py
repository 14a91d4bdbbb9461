"""The job's log: fetched in ranges, appended, kept for good.

Pieces are stored under the byte offset where they begin, and an offset can be stored once, so two workers
that fetch the same range write it once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from connections.unicore.client import SiteClient
from runs.following.log_lines import NO_LOG, LogEnd, log_end
from runs.lifecycle import record
from runs.models import Run, RunLogChunk

LOG_FILE = "mantik.log"
PIECE = 256 * 1024
# A chatty job must not keep a worker: the rest comes with the next look.
PIECES_PER_VISIT = 16
UNWATCHED_INTERVAL = timedelta(seconds=60)
# Tracebacks of some dozen processes, and what they write while they end.
END = 128 * 1024


@dataclass(frozen=True)
class LogPart:
    """A stretch of a log: `text` begins at byte `offset`, the next part begins at byte `next`."""

    text: str
    offset: int
    next: int
    complete: bool
    truncated: bool


def log_is_due(run: Run, *, now: datetime) -> bool:
    """Each time while somebody looks, once a minute otherwise."""
    if run.watched_until and run.watched_until > now:
        return True
    return run.log_fetched_at is None or run.log_fetched_at <= now - UNWATCHED_INTERVAL


def fetch_log(site: SiteClient, run: Run, *, now: datetime) -> bool:
    """Append what the site has beyond what is stored. True when the stored log is level with the site's.

    Raises SiteError. Beyond MANTIK_LOG_MAX_BYTES the log is cut, once, with a mark.
    """
    Run.objects.filter(pk=run.pk).update(log_fetched_at=now)
    if run.log_truncated:
        return True
    found = site.stat(run.job_url, LOG_FILE)
    if found is None:
        return True
    end = min(found.size, settings.MANTIK_LOG_MAX_BYTES)
    for _ in range(PIECES_PER_VISIT):
        if run.log_size >= end:
            break
        piece = site.read(run.job_url, LOG_FILE, run.log_size, min(PIECE, end - run.log_size))
        if not piece:
            break
        _append(run, piece)
    if found.size > end and run.log_size >= end:
        _truncate(run, now)
    return run.log_size >= end


def _append(run: Run, piece: bytes) -> None:
    try:
        with transaction.atomic():
            RunLogChunk.objects.create(run=run, offset=run.log_size, content=piece)
            Run.objects.filter(pk=run.pk).update(log_size=run.log_size + len(piece))
    except IntegrityError:
        # Another worker stored this range a moment ago; go on from where it got to.
        run.refresh_from_db(fields=["log_size"])
        return
    run.log_size += len(piece)


def _truncate(run: Run, now: datetime) -> None:
    with transaction.atomic():
        if Run.objects.filter(pk=run.pk, log_truncated=False).update(log_truncated=True):
            limit = settings.MANTIK_LOG_MAX_BYTES // 1_000_000
            record(
                run,
                now=now,
                kind="log.truncated",
                message=f"The log is kept up to {limit} MB; the rest is at the site.",
            )
    run.log_truncated = True


def read_log(run: Run, *, offset: int, limit: int = PIECE) -> LogPart:
    """At most `limit` bytes of the stored log from byte `offset`, never cutting a character in two."""
    offset = max(0, min(offset, run.log_size))
    content = _read_bytes(run, offset, limit)
    if not run.log_complete or offset + len(content) < run.log_size:
        content = content[: _whole_characters(content)]
    end = offset + len(content)
    return LogPart(
        text=content.decode(errors="replace"),
        offset=offset,
        next=end,
        complete=run.log_complete and end >= run.log_size,
        truncated=run.log_truncated,
    )


def raw_log(run: Run) -> Iterator[bytes]:
    """The whole stored log, piece by piece, for a download of flat memory."""
    for chunk in RunLogChunk.objects.filter(run=run).order_by("offset").iterator(chunk_size=8):
        yield bytes(chunk.content)


def _read_bytes(run: Run, offset: int, limit: int) -> bytes:
    first = (
        RunLogChunk.objects.filter(run=run, offset__lte=offset)
        .order_by("-offset")
        .values_list("offset", flat=True)
        .first()
    )
    if first is None:
        return b""
    content = b""
    chunks = RunLogChunk.objects.filter(run=run, offset__gte=first, offset__lt=offset + limit).order_by("offset")
    for chunk in chunks.iterator(chunk_size=8):
        content += bytes(chunk.content)
    return content[offset - first : offset - first + limit]


def _whole_characters(content: bytes) -> int:
    """How many bytes of `content` end on a character's boundary (UTF-8)."""
    for back in range(1, min(4, len(content)) + 1):
        byte = content[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(content) - back if length > back else len(content)
    return len(content)


def last_lines(run: Run, *, limit: int = 8 * 1024) -> str:
    """The end of the stored log, beginning with a whole line: for pages without JavaScript."""
    offset = max(0, run.log_size - limit)
    text = _read_bytes(run, offset, limit).decode(errors="replace")
    return text if offset == 0 else text.partition("\n")[2]


def end_of_log(run: Run) -> LogEnd:
    """The last lines of the stored log, with their numbers. Nothing of a log that was cut: its end is at the site."""
    if run.log_truncated:
        return NO_LOG
    offset = max(0, run.log_size - END)
    content = _read_bytes(run, offset, END)
    if not offset:
        return log_end(content)
    # Where it begins in the middle of a line, that one is not whole; where it is all one line, it has to do.
    _, break_, whole = content.partition(b"\n")
    before = _line_breaks(run, offset)
    return log_end(whole, first=before + 2) if break_ else log_end(content, first=before + 1)


def _line_breaks(run: Run, offset: int) -> int:
    """How many there are before byte `offset`."""
    chunks = RunLogChunk.objects.filter(run=run, offset__lt=offset).order_by("offset")
    return sum(bytes(chunk.content)[: offset - chunk.offset].count(b"\n") for chunk in chunks.iterator(chunk_size=8))
