"""Compares names of files and folders with wildcards, and says beforehand how much work that is.

Patterns and names both come from code repositories. A pattern with many wildcards looks at a long name once for each of
its letters; a few hundred of them and some thousand names would keep a page busy for minutes.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

_SIGNS = frozenset("*?[")
# What else costs time, measured in comparisons of single letters: any call, one of many simple patterns, preparing a
# letter of a pattern, and preparing a set of letters beyond ASCII, of which Python makes a table.
CALL = 1_000
_SIMPLE = 20
_PREPARED = 4_500
_PREPARED_SET = 1_000_000


@dataclass(frozen=True)
class Glob:
    """One part of a pattern, between slashes: `*`, `?` and `[abc]` have their usual meaning."""

    text: str

    def matches(self, name: str) -> bool:
        return name == self.text if self.is_plain else self._compiled.match(name) is not None

    @property
    def is_plain(self) -> bool:
        return not _SIGNS & set(self.text)

    @property
    def ending(self) -> str:
        """What names end with, if that is all the pattern says; else ""."""
        return _plain_or_none(self.text[1:]) if self.text.startswith("*") else ""

    @property
    def beginning(self) -> str:
        """What names begin with, if that is all the pattern says; else ""."""
        return _plain_or_none(self.text[:-1]) if self.text.endswith("*") else ""

    @property
    def expression(self) -> str:
        return fnmatch.translate(self.text.replace("[^", "[!"))

    def work(self, name: str) -> int:
        """At most how many letters are compared."""
        return CALL if self.is_plain else CALL + self.work_at_each_letter * len(name) + len(self.text)

    @property
    def work_before(self) -> int:
        """What it costs to prepare the pattern, before anything is compared."""
        if self.is_plain:
            return 0
        return _PREPARED * len(self.text) + (0 if self.text.isascii() else _PREPARED_SET * self.text.count("["))

    @cached_property
    def work_at_each_letter(self) -> int:
        """A star may begin anywhere, and what follows it is compared there."""
        return len(self.text) if "*" in self.text else 0

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.expression)


class Globs:
    """Many patterns for the same names, which are compared together, once they are prepared."""

    def __init__(self, globs: Iterable[Glob]) -> None:
        self._plain = set()
        self._others: re.Pattern[str] | None = None
        beginnings, endings, others = [], [], []
        for glob in globs:
            if glob.is_plain:
                self._plain.add(glob.text)
            elif glob.ending:
                endings.append(glob.ending)
            elif glob.beginning:
                beginnings.append(glob.beginning)
            else:
                others.append(glob)
        self._beginnings, self._endings = tuple(beginnings), tuple(endings)
        self.work_before = CALL + sum(glob.work_before for glob in others)
        self._expression = "|".join(glob.expression for glob in others)
        self._work = CALL + _SIMPLE * (len(beginnings) + len(endings)) + sum(len(glob.text) for glob in others)
        self._work_at_each_letter = sum(glob.work_at_each_letter for glob in others)

    def prepare(self) -> None:
        if self._expression and self._others is None:
            self._others = re.compile(self._expression)

    def matches(self, name: str) -> bool:
        if name in self._plain or name.endswith(self._endings) or name.startswith(self._beginnings):
            return True
        return self._others is not None and self._others.match(name) is not None

    def work(self, name: str) -> int:
        """At most how many letters are compared."""
        return self._work + self._work_at_each_letter * len(name)


def _plain_or_none(text: str) -> str:
    return "" if _SIGNS & set(text) else text
