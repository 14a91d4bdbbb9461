"""The words of a filter: names, values, comparisons and brackets, each with its place in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

LONGEST = 2000
# What may be part of a name or value without quotation marks: anything that means nothing else.
_PLAIN = r"[^\s()=<>!~,\"'\x00-\x1f]"
_QUOTED = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"
_TOKEN = re.compile(
    rf"(?P<space>\s+)|(?P<open>\()|(?P<close>\))|(?P<operator>!=|>=|<=|==|!~|=|<|>|~)|(?P<word>(?:{_PLAIN}|{_QUOTED})+)",
    re.DOTALL,
)
_SEGMENT = re.compile(rf"(?P<quoted>{_QUOTED})|{_PLAIN}+", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Expected(StrEnum):
    """What could stand at a place."""

    NAME = "name"
    COMPARISON = "comparison"
    VALUE = "value"
    JOINT = "joint"
    NOTHING = "nothing"


class Misread(Exception):
    """The filter is wrong from character `at` on, counted from 0, for `length` characters; the text says why."""

    def __init__(self, sentence: str, *, at: int, length: int = 1, expected: Expected = Expected.NOTHING) -> None:
        super().__init__(sentence)
        self.sentence, self.at, self.length, self.expected = sentence, at, length, expected


class Kind(StrEnum):
    OPEN = "open"
    CLOSE = "close"
    OPERATOR = "operator"
    WORD = "word"
    END = "end"


@dataclass(frozen=True)
class Segment:
    """A part of a word, its quotation marks taken away if it `is_quoted`."""

    text: str
    is_quoted: bool


@dataclass(frozen=True)
class Token:
    kind: Kind
    text: str
    at: int

    @property
    def segments(self) -> list[Segment]:
        return [_segment(found) for found in _SEGMENT.finditer(self.text)]

    @property
    def value(self) -> str:
        """The text that a word stands for."""
        return "".join(segment.text for segment in self.segments)

    @property
    def is_quoted(self) -> bool:
        return any(segment.is_quoted for segment in self.segments)

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these words of the language, in any case."""
        return self.kind is Kind.WORD and self.text.lower() in words

    def wrong(self, sentence: str, expected: Expected = Expected.NOTHING) -> Misread:
        return Misread(sentence, at=self.at, length=max(1, len(self.text)), expected=expected)


def tokens_of(text: str) -> Iterator[Token]:
    """The tokens of `text`, and one for its end. Raises Misread."""
    if len(text) > LONGEST:
        sentence = f"A filter has at most {LONGEST:,} characters; this one has {len(text):,}."
        raise Misread(sentence, at=LONGEST, length=len(text) - LONGEST)
    if "\0" in text:
        # No name and no value has it, and PostgreSQL does not even compare with it.
        raise Misread(
            "A filter cannot hold the character NUL, which is not to be seen. Remove it.", at=text.index("\0")
        )
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise _no_token(text, at)
        if found.lastgroup != "space":
            yield Token(Kind(str(found.lastgroup)), found[0], at)
        at = found.end()
    yield Token(Kind.END, "", len(text))


def quoted(text: str) -> str:
    """`text` as the value or name that means just that."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _no_token(text: str, at: int) -> Misread:
    if text[at] in "\"'":
        return Misread(f"The quotation mark is not closed. Put {text[at]} behind the text.", at=at)
    if text[at] == "!":
        return Misread("“!” alone means nothing. Write != for “is not”, !~ for “does not contain”, or not.", at=at)
    if text[at] == ",":
        return Misread("A comma means nothing here. Write and or or between two conditions.", at=at)
    return Misread("This character can stand in quotation marks only.", at=at)


def _segment(found: re.Match[str]) -> Segment:
    if not found["quoted"]:
        return Segment(found[0], is_quoted=False)
    return Segment(_ESCAPED.sub(r"\1", found[0][1:-1]), is_quoted=True)
