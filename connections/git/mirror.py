"""A repository's mirror: `refresh` for workers, everything else for anybody."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from connections.git.blobs import read_blobs
from connections.git.errors import GitError
from connections.git.fetching import Source, refresh
from connections.git.place import Note, Place, directory_size
from connections.git.reading import Reader
from connections.git.urls import check_url
from connections.git.values import Branch, Commit, GitCredential, TreeEntry

__all__ = ["Branch", "Commit", "GitCredential", "Mirror", "TreeEntry", "check_url"]

READ_LIMIT = 256 * 1024


class Mirror:
    """The local copy, kept under `key`, of the repository at `url`. All methods raise GitError.

    Reads need neither `credential` nor network. `root`, `timeout` (seconds) and `max_bytes` default to the
    settings; `ca_bundle` names certificates to trust instead of the system's.
    """

    def __init__(
        self,
        *,
        key: str,
        url: str,
        credential: GitCredential | None = None,
        root: Path | None = None,
        ca_bundle: Path | None = None,
        timeout: float | None = None,
        max_bytes: int | None = None,
    ) -> None:
        self._place = Place(root=root or settings.MANTIK_DATA_DIR / "git", key=key)
        self._reader = Reader(git_dir=self._place.git_dir, name=url)
        self._source = Source(
            url=url,
            credential=credential,
            ca_bundle=ca_bundle,
            timeout=settings.MANTIK_GIT_TIMEOUT if timeout is None else timeout,
            max_bytes=settings.MANTIK_GIT_MAX_BYTES if max_bytes is None else max_bytes,
        )

    def refresh(self, *, waits: bool = True) -> None:
        """For workers: fetch. A failure leaves the mirror as it was.

        While another worker fetches it, this one waits, or else raises "mirror.busy" at once.
        """
        refresh(self._place, self._source, waits=waits)

    def branch_count(self) -> int:
        """How many the last refresh brought. Starts no git process: for lists of many mirrors."""
        return self._require(same_url=True).branches

    def branches(self) -> list[Branch]:
        """The default branch first, then the one with the newest commit."""
        self._require(same_url=True)
        return self._reader.branches()

    def resolve(self, branch: str) -> Commit:
        """The newest commit of the branch with exactly this name."""
        self._require(same_url=True)
        return self._reader.resolve(branch)

    def read(self, sha: str, path: str, *, limit: int = READ_LIMIT) -> bytes:
        """A regular file of a commit; `path` from the top of the repository, `limit` in bytes."""
        self._require()
        return self._reader.read(sha, path, limit=limit)

    def entries(self, sha: str) -> list[TreeEntry]:
        """Every file, link and submodule of a commit."""
        self._require()
        return self._reader.entries(sha)

    def blobs(self, entries: Iterable[TreeEntry]) -> Iterator[tuple[TreeEntry, bytes | BinaryIO]]:
        """(entry, content) in the order given; content is bytes or, if large, a stream until the next."""
        self._require()
        return read_blobs(self._place.git_dir, entries, timeout=self._source.timeout)

    def find(self, sha: str, names: Collection[str]) -> list[str]:
        """Paths of the files with one of these names, in any case, nearest to the top first."""
        self._require()
        return self._reader.find(sha, names)

    def fetched_at(self) -> datetime | None:
        """When the last good refresh ended; None before the first."""
        return self._place.fetched_at()

    def size_bytes(self) -> int:
        """On disk; 0 before the first refresh."""
        return directory_size(self._place.git_dir)

    def _require(self, *, same_url: bool = False) -> Note:
        """Commits stay readable after the address changed; branches are those of the new address or none."""
        note = self._place.note()
        if note is None or (same_url and note.url != self._source.url):
            raise GitError(
                f"{self._source.url} has not been read yet; a worker is fetching it.",
                code="mirror.missing",
                permanent=False,
            )
        return note
