"""Converts durations and memory sizes from the words of people to seconds and bytes, and back."""

from __future__ import annotations

import re

_SECONDS = {
    **dict.fromkeys(("", "s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)\s*")
_CLOCK = re.compile(r"(?:([0-9]{1,4})-)?([0-9]{1,4}):([0-5]?[0-9]):([0-5]?[0-9])")
_MEMORY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_BYTES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}


def seconds(text: str) -> int | None:
    """'12h', '30min', '1h 30m', '90', '1-12:00:00' or '12:00:00' in seconds; None if it is none of these.

    `12:30` is left out on purpose: schedulers read it as minutes and seconds, people as hours and minutes.
    """
    clock = _CLOCK.fullmatch(text.strip())
    if clock:
        days, hours, minutes, rest = (int(part or 0) for part in clock.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + rest
    return _unit_seconds(text.strip().lower())


def _unit_seconds(text: str) -> int | None:
    parts = _PART.findall(text)
    if not parts or "".join(f"{number}{unit}" for number, unit in parts) != re.sub(r"\s", "", text):
        return None
    if len(parts) > 1 and any(not unit for _number, unit in parts):
        return None
    if any(unit not in _SECONDS or len(number) > 12 for number, unit in parts):
        return None
    return round(sum(float(number) * _SECONDS[unit] for number, unit in parts))


def memory_bytes(text: str) -> int | None:
    """'64G', '64GB', '64GiB', '500 M' or a plain number in bytes; steps of 1024, as UNICORE counts."""
    match = _MEMORY.fullmatch(text.strip())
    if not match or len(match[1]) > 20:
        return None
    return round(float(match[1]) * _BYTES[match[2].lower()])


def duration_words(value: int) -> str:
    """Seconds in words: '1 h 30 min', at most two units."""
    parts = []
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, value = divmod(value, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def memory_words(value: int) -> str:
    """Bytes in words: '64 GiB'."""
    for unit, size in (("TiB", 1024**4), ("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if value >= size:
            return f"{value / size:.4g} {unit}"
    return f"{value} bytes"


def count_words(count: int, noun: str) -> str:
    """'1 node', '12 nodes'."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
