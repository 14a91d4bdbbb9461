"""The lines of a journal, read by ranges: numbered entries, and how many lines are damaged."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from runs.tracking.journals.source import Source

# Bytes that are read at a time.
_RANGE = 2**20
# Bytes of a line. The relay takes bodies of 24 MiB, and an entry may be larger than its body: with names that the
# client had left out, and digits that it had written shorter.
LONGEST_LINE = 48 * 2**20
# A line of a few megabytes may have a million values in it, which take a hundred megabytes of memory. Those that are
# longer than this are counted first. What clients send has thousands, and long texts.
_LONG, _MOST_VALUES = 2**20, 500_000
# One without an end goes to the end: otherwise each of its quotes would be tried as the beginning of another.
_TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)
_CHECKSUM = re.compile(rb"[0-9a-f]{8} ")
_LARGEST = 2**63 - 1


class Line(NamedTuple):
    """`end`: the offset behind it. `entry`: None where the file ends with lines that are damaged. `damaged`: how many
    damaged ones stand before it."""

    end: int
    number: int
    entry: dict[str, Any] | None
    damaged: int

    @property
    def kind(self) -> str:
        return str(self.entry["k"]) if self.entry is not None else ""


def read_lines(source: Source, path: str, *, offset: int, is_over: bool) -> Iterator[Line]:
    """What is behind `offset`, as far as it is written.

    Damaged lines are passed over once a whole one stands behind them: before, a relay that is started again may still
    cut them off, and write something else there. When the job is over (`is_over`), what is left is damaged for ever.
    """
    damaged, end = 0, offset
    for line, after in _split(source, path, offset):
        end = after
        entry = entry_of(line)
        if entry is None:
            damaged += 1
            # The relay cuts off one line that it had begun, and not so much.
            if after - offset > LONGEST_LINE:
                yield Line(after, 0, None, damaged)
                damaged, offset = 0, after
            continue
        yield Line(after, entry["n"], entry, damaged)
        damaged, offset = 0, after
    if is_over and damaged:
        yield Line(end, 0, None, damaged)


def _split(source: Source, path: str, offset: int) -> Iterator[tuple[bytes, int]]:
    """Each line that is written to its end, without its line break, and the offset behind that. A line that is too long
    is handed out empty."""
    size = source.size(path) or 0
    held, is_too_long, start = b"", False, offset
    while offset < size:
        more = source.read(path, offset, min(_RANGE, size - offset))
        if not more:
            return
        offset += len(more)
        *lines, rest = more.split(b"\n")
        for line in lines:
            start += len(held) + len(line) + 1
            yield (b"" if is_too_long else held + line), start
            held, is_too_long = b"", False
        held += rest
        if len(held) > LONGEST_LINE:
            start, held, is_too_long = start + len(held), b"", True


def entry_of(line: bytes) -> dict[str, Any] | None:
    """None if it is not one that a relay has written."""
    text = line[9:]
    if not _CHECKSUM.match(line) or int(line[:8], 16) != zlib.crc32(text):
        return None
    if len(text) > _LONG and _values_in(text) > _MOST_VALUES:
        return None
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("k"), str):
        return None
    number = entry.get("n")
    is_number = isinstance(number, int) and not isinstance(number, bool) and 0 < number <= _LARGEST
    return entry if is_number else None


def _values_in(text: bytes) -> int:
    """How many there may be, at most: each stands after one of these signs."""
    bare = _TEXTS.sub(b"", text)
    return sum(map(bare.count, (b",", b"[", b"{")))
