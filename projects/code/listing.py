"""The paths of a commit as the database keeps them: lines of text, packed."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from connections.git.values import USUAL_PATH, EntryKind, TreeEntry

# How many paths of a commit are kept. A page that needs all of them says so if there are more.
MOST_PATHS = 20_000
_KINDS: dict[str, EntryKind] = {"120000": "link", "160000": "submodule"}
_NONE = "-"


class Listed(NamedTuple):
    """An entry of a commit; `object_id` only of a submodule. `lfs_bytes` of what a Git LFS pointer stands for."""

    path: str
    kind: EntryKind
    mode: str
    object_id: str
    size: int | None
    lfs_bytes: int = 0


def first_of(entries: Iterable[TreeEntry]) -> list[TreeEntry]:
    """Those of `entries` that are kept: the first ones, fewer if their paths are unusually long."""
    kept, left = [], MOST_PATHS * USUAL_PATH
    for entry in islice(entries, MOST_PATHS):
        left -= len(entry.path)
        if left < 0:
            break
        kept.append(entry)
    return kept


def pack(entries: Iterable[TreeEntry | Listed], lfs_bytes: dict[str, int]) -> bytes:
    """`lfs_bytes` by path. Unpacking gives the same entries in the same order."""
    lines = (f"{_facts(entry, lfs_bytes.get(entry.path, 0))}\t{entry.path}" for entry in entries)
    return zlib.compress("\0".join(lines).encode("utf-8", "surrogateescape"))


def unpack(packed: bytes | memoryview) -> list[Listed]:
    text = zlib.decompress(packed).decode("utf-8", "surrogateescape")
    return [_parsed(line) for line in text.split("\0") if line]


def _facts(entry: TreeEntry | Listed, lfs_bytes: int) -> str:
    size = _NONE if entry.size is None else entry.size
    return f"{entry.mode} {size} {lfs_bytes} {entry.object_id if entry.kind == 'submodule' else _NONE}"


def _parsed(line: str) -> Listed:
    facts, _, path = line.partition("\t")
    mode, size, lfs_bytes, object_id = facts.split()
    known_id = "" if object_id == _NONE else object_id
    known_size = None if size == _NONE else int(size)
    return Listed(path, _KINDS.get(mode, "file"), mode, known_id, known_size, int(lfs_bytes))
