"""Which files of a commit name an MLflow server of their own (`server_calls`): previews say so before a run is started.

What one fetch looks at is bounded. A file that several branches have is looked at once.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from connections.git.mirror import READ_LIMIT, Mirror
from connections.git.paths import encodes
from connections.git.values import Listing, TreeEntry
from projects.code.models import LONGEST_PATH
from projects.code.server_calls import SIGNS, NamedServer, Searched, ServerCall, calls_in

# Bytes of a file by the end of its name: a notebook may have pictures. Larger ones are data.
LARGEST = {".py": READ_LIMIT, ".ipynb": 4 * READ_LIMIT}
# Of one fetch: how many files are read, how many bytes of them, and of those in which there may be something, which
# takes some seconds for each megabyte.
MOST_FILES = 5_000
MOST_BYTES = 32 * 1024**2
MOST_BYTES_OF_SIGNS = 4 * 1024**2
# Of one commit.
MOST_NAMED = 100


@dataclass
class ServerSearch:
    """That of one fetch, in all commits that it reads."""

    _mirror: Mirror
    # By the content of a file and what it is read as.
    _known: dict[tuple[str, str], list[ServerCall]] = field(default_factory=dict)
    _files: int = 0
    _bytes: int = 0
    _bytes_of_signs: int = 0

    def commit(self, listing: Listing) -> Searched:
        """Raises GitError."""
        entries = sorted((entry for entry in listing.entries if _is_code(entry)), key=_nearness)
        self._look_at(entries)
        named = [NamedServer(entry.path, *call) for entry in entries for call in self._known.get(_key(entry), ())]
        is_whole = listing.is_whole and all(_key(entry) in self._known for entry in entries)
        return Searched(named[:MOST_NAMED], is_whole and len(named) <= MOST_NAMED)

    def _look_at(self, entries: Iterable[TreeEntry]) -> None:
        for entry, content in self._mirror.blobs(self._new(entries)):
            assert isinstance(content, bytes)
            if not any(sign in content for sign in SIGNS):
                self._known[_key(entry)] = []
            elif self._bytes_of_signs + len(content) <= MOST_BYTES_OF_SIGNS:
                self._bytes_of_signs += len(content)
                self._known[_key(entry)] = calls_in(entry.path, content)

    def _new(self, entries: Iterable[TreeEntry]) -> Iterator[TreeEntry]:
        """Those that were not looked at yet, as far as there is room for them."""
        for entry in entries:
            size = entry.size or 0
            if _key(entry) in self._known:
                continue
            if self._files >= MOST_FILES or self._bytes + size > MOST_BYTES:
                return
            self._files, self._bytes = self._files + 1, self._bytes + size
            yield entry


def _kind(path: str) -> str:
    return posixpath.splitext(path)[1]


def _key(entry: TreeEntry) -> tuple[str, str]:
    return entry.object_id, _kind(entry.path)


def _is_code(entry: TreeEntry) -> bool:
    largest = LARGEST.get(_kind(entry.path), -1)
    fits = (entry.size or 0) <= largest and len(entry.path) <= LONGEST_PATH
    return entry.kind == "file" and fits and encodes(entry.path)


def _nearness(entry: TreeEntry) -> tuple[int, str]:
    return entry.path.count("/"), entry.path
