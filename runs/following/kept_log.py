"""The log as it is kept: in parts for pages, as a whole for a download, and its end for the reason of a failure.

Between head and tail stand lines of ours that say what is not there; lines are counted with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings

from mantik.lib.humanize import filesize, number
from runs.following.log_lines import NO_LOG, LogEnd, log_end
from runs.following.log_ranges import CHUNK, Limits, Span, Stored
from runs.job.layout import LOG
from runs.models import Run, RunLogChunk

# Tracebacks of some dozen processes, and what they write while they end.
END = 128 * 1024
# The most bytes of a character (UTF-8).
_LONGEST = 4


@dataclass(frozen=True)
class LogPart:
    """What a page asked for, wherever chunks begin: `content` from byte `offset` on; the next part is at byte `next`.

    `gap`: "pending" or "left out" if it is what we say of bytes that are still being fetched, or are not kept.
    """

    content: bytes
    offset: int
    next: int
    complete: bool
    gap: str = ""

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace")


def stored_of(run: Run) -> Stored:
    if run.log_tail_from is None or run.log_tail_to is None:
        return Stored(run.log_size)
    return Stored(run.log_size, Span(run.log_tail_from, run.log_tail_to))


def read_log(run: Run, *, offset: int, limit: int = CHUNK) -> LogPart:
    """At most `limit` bytes from byte `offset` of the log at the site, never cutting a character in two.

    Where the gap begins, the part is what we say of it.
    """
    stored = stored_of(run)
    gap = _shown_gap(run, stored)
    offset = max(0, min(offset, stored.end))
    if gap and gap.start <= offset < gap.end:
        words = _words_for_gap(run, Span(offset, gap.end))
        kind = "pending" if _is_coming(run) else "left out"
        return LogPart(words, offset, gap.end, complete=False, gap=kind)
    end = min(offset + limit, gap.start if gap and offset < gap.start else stored.end)
    content = read_bytes(run, offset, end)
    if not (run.log_complete and end == stored.end):
        content = content[: _whole_characters(content)]
    end = offset + len(content)
    return LogPart(content, offset, end, complete=run.log_complete and end >= stored.end)


def raw_log(run: Run) -> Iterator[bytes]:
    """All of it, chunk by chunk, for a download of flat memory."""
    stored = stored_of(run)
    gap = _shown_gap(run, stored)
    if gap:
        yield from _chunks(run, 0, gap.start)
        yield _words_for_gap(run, gap)
    yield from _chunks(run, gap.end if gap else 0, stored.end)


def last_lines(run: Run, *, limit: int = 8 * 1024) -> str:
    """The end of what is stored, beginning with a whole line if one fits: for pages without JavaScript."""
    stored = stored_of(run)
    gap = _shown_gap(run, stored)
    first = gap.end if gap else 0
    start = max(first, stored.end - limit)
    text = read_bytes(run, start, stored.end).decode(errors="replace")
    return text if start == 0 else text.partition("\n")[2] or text


def log_remark(run: Run) -> str:
    """What a page says below the log; "" if there is nothing to say."""
    if run.is_terminal and run.submitted_at and not run.log_complete:
        stored = stored_of(run)
        coming = _coming(stored)
        amount = f" {filesize(coming)} are still to come." if coming else ""
        trouble = " The last try failed; Mantik tries again by itself." if run.poll_failures else ""
        return f"The log is still being fetched.{amount}{trouble}"
    if run.log_truncated and run.log_tail_from is None and run.is_terminal:
        kept = filesize(run.log_size)
        return f"Only the first {kept} of the log are kept; the site has the rest until it deletes the job."
    return ""


def end_of_log(run: Run) -> LogEnd:
    """The last lines of the stored log, with their numbers, as far as these are known: while a part of the log is still
    to come, they are wrong. Nothing of a log of which only the beginning is kept."""
    stored = stored_of(run)
    if run.log_truncated and not stored.tail:
        return NO_LOG
    offset = max(stored.tail.start if stored.tail else 0, stored.end - END)
    content = read_bytes(run, offset, stored.end)
    if not offset:
        return log_end(content)
    # Where it begins in the middle of a line, that one is not whole; where it is all one line, it has to do.
    whole = content.partition(b"\n")[2]
    before = _line_breaks(run, stored, offset)
    return log_end(whole, first=before + 2) if whole else log_end(content, first=before + 1)


def read_bytes(run: Run, start: int, end: int) -> bytes:
    """Bytes that are stored, without a gap."""
    return b"".join(_chunks(run, start, end))


def _chunks(run: Run, start: int, end: int) -> Iterator[bytes]:
    if start >= end:
        return
    chunks = RunLogChunk.objects.filter(run=run)
    first = chunks.filter(offset__lte=start).order_by("-offset").values_list("offset", flat=True).first()
    if first is None:
        return
    found = chunks.filter(offset__gte=first, offset__lt=end).order_by("offset")
    for chunk in found.iterator(chunk_size=8):
        if chunk.offset > max(start, first):
            # The rest was dropped a moment ago.
            return
        content = bytes(chunk.content)
        yield content[max(0, start - chunk.offset) : end - chunk.offset]
        start = first = chunk.offset + len(content)


def _shown_gap(run: Run, stored: Stored) -> Span | None:
    """The gap, with the halves of characters beside it."""
    gap = stored.gap
    if gap is None:
        return None
    before = read_bytes(run, max(0, gap.start - _LONGEST), gap.start)
    behind = read_bytes(run, gap.end, min(stored.end, gap.end + _LONGEST - 1))
    halves = len(behind) - len(behind.lstrip(bytes(range(0x80, 0xC0))))
    return Span(gap.start - len(before) + _whole_characters(before), gap.end + halves)


def _words_for_gap(run: Run, gap: Span) -> bytes:
    size = gap.end - gap.start
    if _is_coming(run):
        text = f"{filesize(size)} of the log are not here yet: what is kept of them is still being fetched."
    elif run.log_truncated:
        limit = filesize(settings.MANTIK_LOG_MAX_BYTES)
        text = (
            f"{number(size)} bytes ({filesize(size)}) of the log are left out here. Mantik keeps at most {limit} of a "
            "log.\n"
            f"[mantik] {run.site_name} has the whole log until it deletes the job, in the file {LOG} of the job's "
            "directory."
        )
    else:
        text = f"{filesize(size)} of the log are missing here: they could not be fetched from {run.site_name}."
    is_new_line = not gap.start or read_bytes(run, gap.start - 1, gap.start) == b"\n"
    return (b"" if is_new_line else b"\n") + f"[mantik] {text}\n".encode()


def _is_coming(run: Run) -> bool:
    return run.is_terminal and not run.log_complete and _coming(stored_of(run)) > 0


def _coming(stored: Stored) -> int:
    """How many bytes of the gap are kept and not here yet, once the job is over."""
    if stored.gap is None:
        return 0
    start, end = stored.gap
    middle = Limits(settings.MANTIK_LOG_MAX_BYTES, visit=0).middle(stored.end)
    if middle is None:
        return end - start
    return max(0, min(end, middle.start) - start) + max(0, end - max(start, middle.end))


def _line_breaks(run: Run, stored: Stored, offset: int) -> int:
    """How many there are before byte `offset`, with those of our own."""
    gap = _shown_gap(run, stored)
    ours = _words_for_gap(run, gap).count(b"\n") if gap else 0
    spans = [Span(0, gap.start), Span(gap.end, offset)] if gap else [Span(0, offset)]
    return ours + sum(chunk.count(b"\n") for span in spans for chunk in _chunks(run, *span))


def _whole_characters(content: bytes) -> int:
    """How many bytes of `content` end on a character's boundary (UTF-8)."""
    for back in range(1, min(_LONGEST, len(content)) + 1):
        byte = content[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(content) - back if length > back else len(content)
    return len(content)
