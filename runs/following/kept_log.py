"""Reads the stored log: in parts for pages, as a whole for a download, and its end for the reason of a failure.

In place of a gap between head and tail, a note of Mantik says what is missing; line numbers count its lines, too.
Tokens of Mantik that the job printed are blanked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings

from mantik.lib.humanize import filesize, number
from runs.following.blanked_tokens import LONGEST_TOKEN, blank_tokens, may_continue_token
from runs.following.log_lines import NO_LOG, LogEnd, log_end
from runs.following.log_ranges import CHUNK, Limits, Span, Stored
from runs.job.layout import LOG
from runs.models import Run, RunLogChunk

# How much of the end is searched for the reason of a failure: the tracebacks of some dozen processes, and what they
# write while they end.
BYTES_SEARCHED = 128 * 1024
# The most bytes that a character has in UTF-8.
_CHARACTER_BYTES = 4
# In UTF-8 all bytes of a character but its first are among these.
_CONTINUING = bytes(range(0x80, 0xC0))


@dataclass(frozen=True)
class LogPart:
    """One answer to a page: `content` begins at byte `offset` of the log, and the next part at byte `next`.

    `gap` is "" for bytes of the log. It is "pending" or "left out" if `content` is Mantik's note about bytes that are
    still being fetched, or are not kept.
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

    If the gap begins at `offset`, the part is Mantik's note about it.
    """
    stored = stored_of(run)
    gap = _shown_gap(run, stored)
    offset = max(0, min(offset, stored.end))
    if gap and gap.start <= offset < gap.end:
        words = _words_for_gap(run, Span(offset, gap.end))
        kind = "pending" if _is_coming(run) else "left out"
        return LogPart(words, offset, gap.end, complete=False, gap=kind)
    end = min(offset + limit, gap.start if gap and offset < gap.start else stored.end)
    content = _shown_bytes(run, offset, end)
    if not (run.log_complete and end == stored.end):
        content = content[: _whole_characters(content)]
    end = offset + len(content)
    return LogPart(content, offset, end, complete=run.log_complete and end >= stored.end)


def raw_log(run: Run) -> Iterator[bytes]:
    """The whole log as it is kept, chunk by chunk, so that a download needs little memory."""
    stored = stored_of(run)
    gap = _shown_gap(run, stored)
    if gap:
        yield from _shown_chunks(run, 0, gap.start)
        yield _words_for_gap(run, gap)
    yield from _shown_chunks(run, gap.end if gap else 0, stored.end)


def last_lines(run: Run, *, limit: int = 8 * 1024) -> str:
    """The end of what is stored, beginning with a whole line if one fits: for pages without JavaScript."""
    stored = stored_of(run)
    gap = _shown_gap(run, stored)
    first = gap.end if gap else 0
    start = max(first, stored.end - limit)
    text = _shown_bytes(run, start, stored.end).decode(errors="replace")
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
    """The last lines of the stored log, to be searched for the reason of a failure.

    Their numbers are wrong while a part before them is still to be fetched. Of a log of which only the beginning is
    kept, there are no lines.
    """
    stored = stored_of(run)
    if run.log_truncated and not stored.tail:
        return NO_LOG
    offset = max(stored.tail.start if stored.tail else 0, stored.end - BYTES_SEARCHED)
    content = _shown_bytes(run, offset, stored.end)
    if not offset:
        return log_end(content)
    # The first line may not be whole, so it is left out, unless it is the only one.
    whole = content.partition(b"\n")[2]
    line_breaks = _line_breaks(run, stored, offset)
    return log_end(whole, first=line_breaks + 2) if whole else log_end(content, first=line_breaks + 1)


def _shown_bytes(run: Run, start: int, end: int) -> bytes:
    """As `read_bytes`, with tokens blanked. What comes before is read only if a token may have begun there."""
    content = read_bytes(run, start, end)
    before = b""
    if start and may_continue_token(content):
        tail = stored_of(run).tail
        first = tail.start if tail and start >= tail.start else 0
        before = read_bytes(run, max(first, start - LONGEST_TOKEN), start)
    return blank_tokens(content, before=before)


def _shown_chunks(run: Run, start: int, end: int) -> Iterator[bytes]:
    """As `_chunks`, with tokens blanked."""
    before = b""
    for content in _chunks(run, start, end):
        yield blank_tokens(content, before=before)
        before = (before + content)[-LONGEST_TOKEN:]


def read_bytes(run: Run, start: int, end: int) -> bytes:
    """The stored bytes from `start` up to `end`, as the site sent them, between which there must be no gap."""
    return b"".join(_chunks(run, start, end))


def _chunks(run: Run, start: int, end: int) -> Iterator[bytes]:
    """What is stored from `start` up to `end`, or up to a gap: a chunk may have been dropped a moment ago.

    Each chunk is read by a query of its own: between two of them a download may wait for its client for long.
    """
    chunks = RunLogChunk.objects.filter(run=run).order_by("-offset")
    while start < end:
        chunk = chunks.filter(offset__lte=start).first()
        content = bytes(chunk.content)[start - chunk.offset : end - chunk.offset] if chunk else b""
        if not content:
            return
        yield content
        start += len(content)


def _shown_gap(run: Run, stored: Stored) -> Span | None:
    """The gap, enlarged by the parts of characters that are cut at its ends."""
    gap = stored.gap
    if gap is None:
        return None
    left = read_bytes(run, max(0, gap.start - _CHARACTER_BYTES), gap.start)
    right = read_bytes(run, gap.end, min(stored.end, gap.end + _CHARACTER_BYTES - 1))
    cut = len(right) - len(right.lstrip(_CONTINUING))
    return Span(gap.start - len(left) + _whole_characters(left), gap.end + cut)


def _words_for_gap(run: Run, gap: Span) -> bytes:
    size = gap.end - gap.start
    if _is_coming(run):
        amount = f"{filesize(size)} of the log are missing here for now."
        text = f"{amount} The part that Mantik keeps is still being fetched."
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
    """How many bytes of the gap are to be kept and still have to be fetched, if the job is over."""
    if stored.gap is None:
        return 0
    start, end = stored.gap
    middle = Limits(settings.MANTIK_LOG_MAX_BYTES, budget=0).middle(stored.end)
    if middle is None:
        return end - start
    return max(0, min(end, middle.start) - start) + max(0, end - max(start, middle.end))


def _line_breaks(run: Run, stored: Stored, offset: int) -> int:
    """How many line breaks there are before byte `offset`, with those of Mantik's note about the gap."""
    gap = _shown_gap(run, stored)
    ours = _words_for_gap(run, gap).count(b"\n") if gap else 0
    spans = [Span(0, gap.start), Span(gap.end, offset)] if gap else [Span(0, offset)]
    return ours + sum(chunk.count(b"\n") for span in spans for chunk in _chunks(run, *span))


def _whole_characters(content: bytes) -> int:
    """The length of `content` without a character that is cut at its end (UTF-8)."""
    for back in range(1, min(_CHARACTER_BYTES, len(content)) + 1):
        byte = content[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(content) - back if length > back else len(content)
    return len(content)
