"""The expression by which runs are filtered, from its text to a tree.

    metric.val_accuracy > 0.9 and (param.optimizer = adam or tag.team is missing) and not state = failed

`docs/experiments.md` describes it for members. Reading is bounded: the text has a longest length, brackets and `not` a
greatest depth, and there are only so many comparisons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from runs.table.tokens import Expected, Kind, Segment, Token, quoted, tokens_of

DEEPEST, MOST_COMPARISONS = 20, 40
KEYWORDS = ("and", "or", "not", "is")
OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "~", "!~")
# What the table knows of each run itself.
OWN = ("state", "name", "started", "duration", "by", "starred", "notes")

_NAME_EXPECTED = "Here the name of something should stand, like metric.loss, param.lr, tag.team, state or duration."
_COMPARISON_EXPECTED = "Here a comparison should stand: =, !=, <, <=, >, >=, ~ (contains), !~, or is missing."
_VALUE_EXPECTED = 'Here a value should stand, like 0.9, adam or "two words".'
_JOINT_EXPECTED = "Here and, or or the end of the filter should stand."
_JOINT_OR_BRACKET_EXPECTED = "Here and, or or a closing bracket should stand."
_PLAIN_NAME = re.compile(r"[^\s()=<>!~,\"'\x00-\x1f]+")
_WITH_VALUE = re.compile(r"(?P<name>.+)\.(?P<value>last|best|min|max)")


class Source(StrEnum):
    """Where a value comes from; ANY for a name that is a metric's, a param's or a tag's, whichever there is."""

    METRIC = "metric"
    PARAM = "param"
    TAG = "tag"
    OWN = "own"
    ANY = "any"


class Which(StrEnum):
    """Which value of a metric."""

    LAST = "last"
    BEST = "best"
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True)
class Field:
    """What is compared. `which` is LAST for all but metrics."""

    source: Source
    name: str
    which: Which = Which.LAST

    def __str__(self) -> str:
        """As it is written in a filter, and as the name of a column."""
        if self.source is Source.OWN:
            return self.name
        is_plain = _PLAIN_NAME.fullmatch(self.name) and not _WITH_VALUE.fullmatch(self.name)
        named = f"{self.source}.{self.name if is_plain else quoted(self.name)}"
        return named if self.which is Which.LAST else f"{named}.{self.which}"


@dataclass(frozen=True)
class Compared:
    """A field and a value. `operator` is one of OPERATORS. The tokens say where they stand."""

    field: Field
    operator: str
    value: Token
    field_at: Token
    operator_at: Token


@dataclass(frozen=True)
class Absent:
    """A metric, param or tag that a run does not have, or (`is_nan`) a metric whose value is NaN."""

    field: Field
    is_nan: bool
    field_at: Token
    word_at: Token


@dataclass(frozen=True)
class Not:
    part: Tree


@dataclass(frozen=True)
class Every:
    parts: Sequence[Tree]


@dataclass(frozen=True)
class Either:
    parts: Sequence[Tree]


Tree = Compared | Absent | Not | Every | Either


def read(text: str) -> Tree | None:
    """The tree of an expression; None for an empty one. Raises Misread."""
    if not text.strip():
        return None
    reader = _Reader(text)
    tree = reader.either(0)
    reader.end(_JOINT_EXPECTED)
    return tree


def read_field(text: str) -> Field:
    """The field that `text` names and nothing else. Raises Misread."""
    first, *rest = tokens_of(text)
    if len(rest) != 1:
        raise (rest[0] if rest else first).wrong(_NAME_EXPECTED, Expected.NAME)
    return _field(first)


def leaves(tree: Tree | None) -> Iterator[Compared | Absent]:
    if isinstance(tree, Every | Either):
        for part in tree.parts:
            yield from leaves(part)
    elif isinstance(tree, Not):
        yield from leaves(tree.part)
    elif tree:
        yield tree


class _Reader:
    """By recursive descent: either > every > negated > condition."""

    def __init__(self, text: str) -> None:
        self._tokens = list(tokens_of(text))
        self._place = 0
        self._comparisons = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next
        self._place += 1
        return token

    def end(self, sentence: str) -> None:
        if self._next.kind is not Kind.END:
            raise self._next.wrong(sentence, Expected.JOINT)

    def either(self, depth: int) -> Tree:
        parts = [self._every(depth)]
        while self._next.is_word("or"):
            self._take()
            parts.append(self._every(depth))
        return parts[0] if len(parts) == 1 else Either(parts)

    def _every(self, depth: int) -> Tree:
        parts = [self._negated(depth)]
        while self._next.is_word("and"):
            self._take()
            parts.append(self._negated(depth))
        return parts[0] if len(parts) == 1 else Every(parts)

    def _negated(self, depth: int) -> Tree:
        if depth > DEEPEST:
            raise self._next.wrong(f"There are more than {DEEPEST} brackets and nots inside each other.")
        if self._next.is_word("not"):
            self._take()
            return Not(self._negated(depth + 1))
        if self._next.kind is Kind.OPEN:
            self._take()
            inner = self.either(depth + 1)
            bracket = self._take()
            if bracket.kind is not Kind.CLOSE:
                raise bracket.wrong(_JOINT_OR_BRACKET_EXPECTED, Expected.JOINT)
            return inner
        return self._condition()

    def _condition(self) -> Tree:
        token = self._next
        if token.kind is not Kind.WORD or token.is_word(*KEYWORDS):
            raise token.wrong(_NAME_EXPECTED, Expected.NAME)
        self._comparisons += 1
        if self._comparisons > MOST_COMPARISONS:
            raise token.wrong(f"A filter has at most {MOST_COMPARISONS} comparisons.")
        self._take()
        field = _field(token)
        operator = self._take()
        if operator.is_word("is"):
            return self._absent(field, token)
        if operator.kind is not Kind.OPERATOR:
            raise operator.wrong(_COMPARISON_EXPECTED, Expected.COMPARISON)
        value = self._next
        if value.kind is not Kind.WORD:
            raise value.wrong(_VALUE_EXPECTED, Expected.VALUE)
        if value.is_word(*KEYWORDS):
            raise value.wrong(f'{_VALUE_EXPECTED} For the word itself write "{value.text}".', Expected.VALUE)
        self._take()
        return Compared(field, "=" if operator.text == "==" else operator.text, value, token, operator)

    def _absent(self, field: Field, field_at: Token) -> Tree:
        is_not = self._next.is_word("not")
        if is_not:
            self._take()
        word = self._next
        if not word.is_word("missing", "nan"):
            raise word.wrong("Here missing or nan should stand, or not before it.", Expected.COMPARISON)
        self._take()
        found = Absent(field, word.is_word("nan"), field_at, word)
        return Not(found) if is_not else found


def _field(token: Token) -> Field:
    segments = token.segments
    first = segments[0] if segments else Segment("", is_quoted=False)
    prefix, dot, rest = first.text.partition(".")
    if not first.is_quoted and len(segments) == 1 and first.text.lower() in OWN:
        return Field(Source.OWN, first.text.lower())
    if first.is_quoted or not dot or prefix.lower() not in ("metric", "param", "tag"):
        return _logged(Source.ANY, segments, token)
    named = [Segment(rest, is_quoted=False), *segments[1:]] if rest else segments[1:]
    return _logged(Source(prefix.lower()), named, token)


def _logged(source: Source, segments: Sequence[Segment], token: Token) -> Field:
    name, which = "".join(segment.text for segment in segments), Which.LAST
    last = segments[-1] if segments else None
    if last and not last.is_quoted and source in (Source.METRIC, Source.ANY):
        found = _WITH_VALUE.fullmatch(last.text if len(segments) == 1 else f"x{last.text}")
        if found:
            which = Which(found["value"])
            name = name[: -len(which) - 1]
    if not name:
        raise token.wrong(f"Behind {token.text} the name of a metric, param or tag should stand.", Expected.NAME)
    return Field(source, name, which)
