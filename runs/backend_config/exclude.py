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

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from runs.backend_config.globs import CALL, Glob, Globs

MAX_PATTERNS = 200
MAX_LENGTH = 400
# How many letters may be compared for the files of a commit: in a page, and where a worker packs them. A page is done
# within half a second, whatever the patterns and the names.
_MOST_WORK = 300_000_000
_MOST_WORK_PACKING = 40 * _MOST_WORK


class ExcludeTooSlow(Exception):
    """Deciding which files are left out takes too long; the text says what to change."""

    def __init__(self) -> None:
        super().__init__(
            "The patterns under Exclude take too long for the files of this commit. Use fewer wildcards: name folders, "
            "or endings such as '*.csv'."
        )


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
    """Path segments, each with wildcards or not, or None for `**`."""

    segments: tuple[Glob | None, ...]
    folders_only: bool

    @property
    def anywhere(self) -> Glob | None:
        """What the pattern says of a name, if it does not matter where that is."""
        return self.segments[1] if len(self.segments) == 2 and self.segments[0] is None else None

    def begin(self) -> frozenset[int]:
        """The indexes of the segments that may match the first part of a path."""
        return self._skip({0})

    def last(self, reached: frozenset[int]) -> Glob | None:
        """What the name of a file has to match, if that is what is next."""
        is_next = len(self.segments) - 1 in reached and not self.folders_only
        return self.segments[-1] if is_next else None

    def advance(self, reached: frozenset[int], part: str) -> frozenset[int]:
        """Those that may match the part after `part`. `len(segments)` stands for the end of the pattern."""
        following = set()
        for index in reached:
            if index == len(self.segments):
                continue
            segment = self.segments[index]
            if segment is None:
                following.add(index)
            elif segment.matches(part):
                following.add(index + 1)
        return self._skip(following)

    def work(self, reached: frozenset[int], part: str) -> int:
        """At most how many letters `advance` compares."""
        segments = (self.segments[index] for index in reached if index < len(self.segments))
        return CALL + sum(segment.work(part) if segment else CALL for segment in segments)

    def _skip(self, reached: set[int]) -> frozenset[int]:
        """Add the segments after each `**`, which may also stand for no folder. It is never the last (`_compile`)."""
        for index in sorted(reached):
            while index < len(self.segments) and self.segments[index] is None:
                index += 1
                reached.add(index)
        return frozenset(reached)


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
    # Several in a row stand for as many folders as one does.
    parts = [part for part, before in zip(parts, ["", *parts], strict=False) if not part == before == "**"]
    return _Pattern(tuple(None if part == "**" else Glob(part) for part in parts), folders_only)


@dataclass(frozen=True)
class _State:
    """What is known of a folder that is not left out: the patterns that a path in it may still match, with the indexes
    of their segments that are next, and the `last` segments, which a file in it may match."""

    patterns: Sequence[tuple[_Pattern, frozenset[int]]]
    last: Globs


class _Walk:
    """Decides about one path after the other. What is known of a folder is kept for the next path."""

    def __init__(self, patterns: Iterable[_Pattern], most_work: int) -> None:
        compiled = list(patterns)
        anywhere = [(glob, pattern.folders_only) for pattern in compiled if (glob := pattern.anywhere)]
        self._work_left = most_work
        self._globs: dict[tuple[Glob, ...], Globs] = {}
        self._names_of_folders = self._together(glob for glob, _ in anywhere)
        self._names_of_files = self._together(glob for glob, folders_only in anywhere if not folders_only)
        self._folders: list[str] = []
        # That of the top and of each folder; None for a folder that is left out.
        rooted = [pattern for pattern in compiled if pattern.anywhere is None]
        self._spend(sum(glob.work_before for pattern in rooted for glob in pattern.segments if glob))
        self._states: list[_State | None] = [self._state([(pattern, pattern.begin()) for pattern in rooted])]

    def leaves_out(self, path: str) -> bool:
        *folders, name = path.split("/")
        if folders != self._folders:
            self._enter(folders)
        state = self._states[-1]
        return state is None or self._compare(self._names_of_files, name) or self._compare(state.last, name)

    def _enter(self, folders: Sequence[str]) -> None:
        shared = 0
        for known, name in zip(self._folders, folders, strict=False):
            if known != name:
                break
            shared += 1
        self._spend(CALL * (len(folders) - shared) + len(folders))
        del self._folders[shared:], self._states[shared + 1 :]
        for name in folders[shared:]:
            self._states.append(self._inside(self._states[-1], name))
            self._folders.append(name)

    def _inside(self, state: _State | None, folder: str) -> _State | None:
        if state is None or self._compare(self._names_of_folders, folder):
            return None
        following = []
        for pattern, reached in state.patterns:
            self._spend(pattern.work(reached, folder))
            moved = pattern.advance(reached, folder)
            if len(pattern.segments) in moved:
                return None
            if moved:
                following.append((pattern, moved))
        return self._state(following)

    def _state(self, patterns: Sequence[tuple[_Pattern, frozenset[int]]]) -> _State:
        return _State(
            patterns, self._together(glob for pattern, reached in patterns if (glob := pattern.last(reached)))
        )

    def _together(self, globs: Iterable[Glob]) -> Globs:
        """Folders in which the same patterns may match share one expression."""
        key = tuple(globs)
        if key not in self._globs:
            self._globs[key] = made = Globs(key)
            self._spend(made.work_before)
            made.prepare()
        return self._globs[key]

    def _compare(self, globs: Globs, name: str) -> bool:
        self._spend(globs.work(name))
        return globs.matches(name)

    def _spend(self, work: int) -> None:
        self._work_left -= work
        if self._work_left < 0:
            raise ExcludeTooSlow


@dataclass(frozen=True)
class Exclude:
    """The patterns as written. `matches` decides for one file of the repository."""

    patterns: tuple[str, ...] = ()
    most_work: int = _MOST_WORK

    def matches(self, path: str) -> bool:
        """Whether the file at this path (relative to the repository's root) is left out.

        Raises ExcludeTooSlow. Files of one folder are best asked about one after the other.
        """
        return self._walk.leaves_out(path)

    def for_packing(self) -> Self:
        """The same for a worker, which has more time than a page, and more files."""
        return replace(self, most_work=_MOST_WORK_PACKING)

    @cached_property
    def _walk(self) -> _Walk:
        return _Walk((_compile(pattern) for pattern in self.patterns), self.most_work)
