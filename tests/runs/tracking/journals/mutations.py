"""Journals that somebody has tampered with, or a disk: made of right ones, by chance."""

from __future__ import annotations

import json
import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

# What stands behind all that was changed, in two lines: the first of them may be joined to a line that has lost its
# line break. No other line has so large a number.
LAST_NUMBER = 2**63 - 1
LAST_KEY = "behind-it"

_DEEP = 3000
_NUMBERS = (0, -1, 1.5, 1e308, -1e-320, 2**31, 2**53 + 1, 2**62, -(2**63), 2**63, 10**40, 10**400, float("nan"))
_TEXTS = (
    *("", "a\0b", "\ud800", "NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "../../x", "/etc/passwd", "a/../b"),
    *("..", ".", "%2e%2e%2f", "<script>alert(1)</script>", "'; DROP TABLE runs_run; --", "\u202e", "漢" * 300),
    *("mantik.run", "mantik.local_run_id", "mlflow.parentRunId", "mlflow.runName", "x" * 9000, "a\nb", "{", "🙂"),
)
_TOKENS = (b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"1e999", b"9" * 30, b'"\\ud800"', b'"\\u0000"', b"\xff")


class Mutations:
    """`strangers`: ids of somebody else's runs and logged models, which are put in place of others."""

    def __init__(self, seed: int, strangers: Sequence[str]) -> None:
        self._chance = random.Random(seed)
        self._strangers = strangers

    def of(self, journal: bytes) -> bytes:
        """A few of its lines are changed, and two more added."""
        lines = journal.splitlines(keepends=True)
        changed = set(self._chance.sample(range(len(lines)), k=self._chance.randint(1, min(8, len(lines)))))
        parts = [
            part for at, line in enumerate(lines) for part in (self._changed(line, lines) if at in changed else [line])
        ]
        return b"".join([*parts, *last_lines()])

    def _changed(self, line: bytes, lines: Sequence[bytes]) -> Iterator[bytes]:
        match self._chance.randrange(12):
            case 0:
                yield self._with_other_bytes(line)
            case 1:
                # As a disk that loses the end of a line, or the middle.
                start, end = sorted(self._chance.choices(range(len(line) + 1), k=2))
                yield line[:start] + line[end:]
            case 2:
                yield from [line] * self._chance.randint(2, 4)
            case 3:
                yield self._chance.choice(lines)
            case 4:
                yield line[: self._chance.randrange(len(line))] + b"x" * 3_000_000 + b"\n"
            case 5:
                yield _line(b'{"n":1,"k":"metrics","points":' + b"[" * _DEEP * 10 + b"]" * _DEEP * 10 + b"}")
            case 6 | 7:
                text = line[9:-1]
                for _ in range(self._chance.randint(1, 3)):
                    text = self._with_other_tokens(text)
                yield _line(text)
            case _:
                yield self._with_other_values(line)

    def _with_other_bytes(self, line: bytes) -> bytes:
        changed = bytearray(line)
        for _ in range(self._chance.randint(1, 4)):
            changed[self._chance.randrange(len(changed))] = self._chance.randrange(256)
        return bytes(changed)

    def _with_other_tokens(self, text: bytes) -> bytes:
        start, end = sorted(self._chance.choices(range(len(text) + 1), k=2))
        end = min(end, start + 40)
        return text[:start] + self._chance.choice([b"", *_TOKENS]) + text[end:]

    def _with_other_values(self, line: bytes) -> bytes:
        """The checksum is right: somebody has meant it."""
        entry = json.loads(line[9:])
        for _ in range(self._chance.randint(1, 3)):
            put = self._chance.choice(list(_places(entry)))
            put(self._value())
        if entry.get("n") == LAST_NUMBER:
            entry["n"] = 1
        return line_with(entry)

    def _value(self) -> Any:
        match self._chance.randrange(7):
            case 0 | 1:
                return self._chance.choice(_NUMBERS)
            case 2 | 3:
                return self._chance.choice(_TEXTS)
            case 4:
                return self._chance.choice([None, True, False, [], {}, [[]], {"": ""}, [None], {"k": "v"}])
            case 5:
                return _nested(self._chance.choice([3, 50, 300]))
            case _:
                return self._chance.choice(self._strangers)


def last_lines() -> list[bytes]:
    entries = [
        {"n": number, "k": "metrics", "points": {LAST_KEY: [[1.0], [step], [step]]}}
        for step, number in enumerate((LAST_NUMBER - 1, LAST_NUMBER))
    ]
    return [line_with(entry) for entry in entries]


def line_with(entry: Any) -> bytes:
    """As `json` writes it: with halves of characters, and numbers that JSON has no digits for."""
    return _line(json.dumps(entry).encode())


def _line(text: bytes) -> bytes:
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _nested(depth: int) -> Any:
    value: Any = "x"
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


def _places(value: Any) -> Iterator[Callable[[Any], None]]:
    """For each place in an entry, what puts something else there; for each key, what gives it another name."""
    inner = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, below in inner[:20]:

        def put(new: Any, key: Any = key) -> None:
            value[key] = new

        yield put
        if isinstance(value, dict):

            def rename(new: Any, key: Any = key) -> None:
                value[new if isinstance(new, str) else repr(new)[:50]] = value.pop(key, None)

            yield rename
        if isinstance(below, (dict, list)):
            yield from _places(below)
