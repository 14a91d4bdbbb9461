"""Decides which files of a commit are left out of a job, by the patterns under `Exclude`.

The rules, much like those of .gitignore:

* `*.csv`, `notes.txt`, `figures`: no slash, or only at the end. Matches a file or folder anywhere.
* `data/`: a slash at the end. Matches only folders, anywhere.
* `sub/*.csv`, `sub/deep/`, `/notes.txt`: a slash elsewhere. Matches from the root of the code repository.
* `**/x`, `a/**/b`, `logs/**`: `**` stands for any number of folders.
* `*`, `?` and `[abc]` never match a slash. What is inside a matched folder is left out with it.

Git's own folder `.git` is never packed, whatever the patterns. The MLproject is never left out.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

MAX_PATTERNS = 200
MAX_LENGTH = 400


def pattern_fault(pattern: str) -> str | None:
    """What is wrong with `pattern`; None if nothing is. It is the end of a sentence 'has the pattern …, '."""
    if pattern.startswith("!"):
        return "which begins with '!'. Patterns only leave files out: they cannot add any again."
    if len(pattern) > MAX_LENGTH:
        return f"which is longer than {MAX_LENGTH} characters. Shorten it."
    parts = [part for part in pattern.split("/") if part]
    if not pattern.isprintable():
        return "which contains a line break or a control character. Remove it."
    if ".." in parts:
        return "which leads out of the code repository. Write it relative to the repository's root."
    if all(set(part) <= {"*"} or part == "." for part in parts):
        return "which would leave out everything. Name a file, a folder or a narrower pattern."
    return None


@dataclass(frozen=True)
class _Pattern:
    """Path segments, each a compiled pattern, or None for `**`."""

    segments: tuple[re.Pattern[str] | None, ...]
    folders_only: bool

    def matches(self, parts: Sequence[str]) -> bool:
        """Whether the pattern matches the file with these path segments, or a folder that the file is in."""
        # The indexes of the pattern's segments that may match the next part of the path.
        reached = self._skip({0})
        for position, part in enumerate(parts, start=1):
            reached = self._skip(self._advance(reached, part))
            is_folder = position < len(parts)
            if len(self.segments) in reached and (is_folder or not self.folders_only):
                return True
        return False

    def _advance(self, reached: set[int], part: str) -> set[int]:
        following = set()
        for index in reached:
            if index == len(self.segments):
                continue
            segment = self.segments[index]
            if segment is None:
                following.add(index)
            elif segment.match(part):
                following.add(index + 1)
        return following

    def _skip(self, reached: set[int]) -> set[int]:
        """Add the segments after each `**`, which may also stand for no folder. It is never the last (`_compile`)."""
        for index in sorted(reached):
            while index < len(self.segments) and self.segments[index] is None:
                index += 1
                reached.add(index)
        return reached


def _compile(pattern: str) -> _Pattern:
    folders_only = pattern.endswith("/")
    body = pattern.rstrip("/")
    anchored = "/" in body
    parts = [part for part in body.split("/") if part not in ("", ".")]
    if parts[-1] == "**":
        # `logs/**` means everything below logs; one more segment makes "below" literal.
        parts.append("*")
    if not anchored:
        parts.insert(0, "**")
    segments = tuple(None if part == "**" else _segment(part) for part in parts)
    return _Pattern(segments, folders_only)


def _segment(part: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(part.replace("[^", "[!")))


@dataclass(frozen=True)
class Exclude:
    """The patterns as written. `matches` decides for one file of the repository."""

    patterns: tuple[str, ...] = ()

    def matches(self, path: str) -> bool:
        """Whether the file at this path (relative to the repository's root) is left out."""
        parts = path.split("/")
        return any(pattern.matches(parts) for pattern in self._compiled)

    @cached_property
    def _compiled(self) -> tuple[_Pattern, ...]:
        return tuple(_compile(pattern) for pattern in self.patterns)
