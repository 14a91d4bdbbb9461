"""What people and programs type, and what nobody types: at the edge of what a text, a number or a date holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import urlencode
from zlib import crc32

from tests.support.proofs import sample, trials

T = TypeVar("T")

# As bytes: half of a character in UTF-8, and bytes that are no text at all.
Value = str | bytes
NUMBERS: tuple[str, ...] = (
    *("-1", "0", "1.5", "-0.0", "nan", "inf", "1e400", "0x10", "1_000", "9223372036854775808", "-9223372036854775809"),
    # Python reads no number of more than 4,300 digits.
    *("9" * 400, "-" + "9" * 400, "9" * 5000),
    # Digits of other scripts, of which Python reads some as numbers.
    *("\u0663", "\uff11\uff12", "\u00b2", "\u00bd"),
)
DATES: tuple[str, ...] = (
    *("0001-01-01", "9999-12-31", "2024-02-30", "10000-01-01", "0000-00-00", "-0001-01-01"),
    *("2026-W53", "9999-W52", "0001-W01", "2026-W99", "\u0662\u0660\u0662\u0664-01-01", "9999-12-31T23:59:59+14:00"),
    # Which UTC has not.
    *("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"),
)
# Places in lists, and ids.
PLACES: tuple[str, ...] = (
    *("-" + "9" * 30, "+" + "9" * 19 + "." + "9" * 30, "-1.1", "+0", "-" + "9" * 40 + "." + "9" * 40),
    *("00000000-0000-0000-0000-000000000000", "../../etc/passwd", "/", "//example.org", "javascript:alert(1)"),
)
TEXTS: tuple[Value, ...] = (
    *("\0", "a\0b", "\x01\x02\x7f\x85", "\u202e\u200b\ufeffa", "a\r\nb", "\ud7ff\ue000\uffff", "\U0010ffff"),
    *(b"\xed\xa0\x80", b"\xff\xfe"),
    *("%", "%00", "'", '"', "\\", "<b>", "{{ 7 }}", "${HOME}", "\u0130\u0131\u1e9e", "e\u0301" * 30),
    *("[" * 3000, "(" * 3000, "{a: " * 1000, "*a " * 500, "a" * 20_000, "\U0001f600" * 6000),
)
ALL: tuple[Value, ...] = (*NUMBERS, *DATES, *PLACES, *TEXTS)
# Those that have broken something somewhere: tried in each place alone, also where all are not.
WORST: tuple[Value, ...] = ("\0", "9" * 5000, "\u00b2", "9999-12-31", "[" * 3000)


def alone() -> tuple[Value, ...]:
    return ALL if trials(0, 1) else WORST


def some(cases: Sequence[T], *, place: str, one_in: int = 3) -> Sequence[T]:
    """In the gate one in so many, others of them in other places; in a proof all."""
    first = crc32(place.encode()) % len(cases)
    return sample([*cases[first:], *cases[:first]], one_in=one_in)


def as_lists(name: str) -> list[str]:
    """Several values in place of one."""
    return [urlencode([(name, "a"), (name, "\0")]), urlencode([(name, "x")] * 1500)]


def shown(value: Value) -> str:
    text = repr(value)
    return text if len(text) < 60 else f"{text[:40]}... ({len(value)})"
