"""Byte ranges as a UNICORE server reads them: one range, and no complaint about a start beyond the end."""

from __future__ import annotations

import re

_RANGE = re.compile(r"bytes=(?:(?P<first>\d+)-(?P<last>\d*)|-(?P<suffix>\d+))")


class RangeRefused(Exception):
    """The header makes no sense for this file; the message is the server's own wording."""


def read_range(header: str, size: int) -> tuple[int, int]:
    """Where to start and how many bytes to send; nothing if the file ends before. Raises `RangeRefused`."""
    found = _RANGE.fullmatch(header.strip())
    if found is None:
        raise _refused(header)
    if found["suffix"] is not None:
        suffix = int(found["suffix"])
        if suffix > size:
            raise _refused(header)
        return size - suffix, suffix
    first = int(found["first"])
    last = int(found["last"]) if found["last"] else size - 1
    if found["last"] and last < first:
        raise _refused(header)
    return min(first, size), max(0, min(last, size - 1) - first + 1)


def _refused(header: str) -> RangeRefused:
    reason = "java.lang.IllegalArgumentException (no further message available)"
    return RangeRefused(f"Range header '{header}' cannot be parsed: {reason}")
