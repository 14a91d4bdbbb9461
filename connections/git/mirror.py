"""A repository's mirror, for workers. `refresh` and `ensure` fetch it, `locked` keeps others away, the rest reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from django.conf import settings

from connections.git.blobs import read_blobs
from connections.git.errors import GitError
from connections.git.fetching import Source, ensure, refresh
from connections.git.host_keys import HostKey
from connections.git.lfs_store import ObjectStore
from connections.git.place import Note, Place, directory_size, disk_explained
from connections.git.reading import Reader
from connections.git.submodules import Route
from connections.git.values import MAX_FILES, Branch, Commit, Listing, Login, TreeEntry

# Bytes of a file that `Mirror.read` returns at most, unless the caller says otherwise.
READ_LIMIT = 256 * 1024

T = TypeVar("T")


class Mirror:
    """The local copy, kept under `key`, of the repository at `url`. All methods raise GitError.

    Reading needs neither `credential` nor network. Over ssh the host has to present `host_key`. `root`, `timeout`
    (seconds) and `max_bytes` default to the settings; `ca_bundle` names certificates to trust instead of the system's.
    """

    def __init__(
        self,
        *,
        key: str,
        url: str,
        credential: Login | None = None,
        host_key: HostKey | None = None,
        root: Path | None = None,
        ca_bundle: Path | None = None,
        timeout: float | None = None,
        max_bytes: int | None = None,
    ) -> None:
        self.key = key
        self._place = Place(root=root or settings.MANTIK_DATA_DIR / "git", key=key)
        self._reader = Reader(git_dir=self._place.git_dir, name=url)
        self._source = Source(
            url=url,
            credential=credential,
            host_key=host_key,
            ca_bundle=ca_bundle,
            timeout=settings.MANTIK_GIT_TIMEOUT if timeout is None else timeout,
            answer_timeout=settings.MANTIK_GIT_ANSWER_TIMEOUT,
            max_bytes=settings.MANTIK_GIT_MAX_BYTES if max_bytes is None else max_bytes,
        )

    @property
    def url(self) -> str:
        return self._source.url

    @property
    def timeout(self) -> float:
        """Seconds that fetching may take."""
        return self._source.timeout

    @property
    def max_bytes(self) -> int:
        return self._source.max_bytes

    @property
    def ca_bundle(self) -> Path | None:
        return self._source.ca_bundle

    @property
    def objects(self) -> ObjectStore:
        """The files of Git LFS that belong to the mirror."""
        return ObjectStore(self._place.objects)

    def sibling(self, *, key: str, url: str) -> Mirror:
        """A mirror of another repository, beside this one, without a login."""
        return self._like(key, url=url, credential=None, host_key=None)

    def by(self, way: Route, *, timeout: float) -> Mirror:
        """The same copy, to be fetched from the address and with the login of `way`."""
        return self._like(self.key, url=way.url, credential=way.login, host_key=way.host_key, timeout=timeout)

    def _like(self, key: str, **changes: Any) -> Mirror:
        other = Mirror(key=key, url=changes["url"], root=self._place.root)
        other._source = replace(self._source, **changes)
        return other

    def ensure(self, sha: str) -> None:
        """Fetch the one commit `sha`, whether or not a branch leads to it, unless the mirror has it."""
        ensure(self._place, self._source, sha)

    def has(self, sha: str) -> bool:
        return self._place.note() is not None and self._reader.has(sha)

    @contextmanager
    def locked(self, deadline: float) -> Iterator[Path]:
        """Hold the lock, so that nobody else fetches; yields a directory for an ssh key. `deadline` is monotonic."""
        with disk_explained(self.url), self._place.locked(deadline=deadline):
            yield self._place.ssh_files

    def list_config(self, sha: str, path: str) -> bytes:
        """What `git config --list -z` says of a file of a commit; b"" if there is no such file, or it is wrong."""
        self._require()
        return self._reader.list_config(sha, path)

    def uses_lfs(self, sha: str) -> bool:
        """Whether the attributes of a commit's top folder send any file to Git LFS."""
        self._require()
        return self._reader.uses_lfs(sha)

    def refresh(
        self, *, waits: bool = True, asked: float | None = None, watch: Callable[[], None] = lambda: None
    ) -> bool:
        """Fetch. `fetching.refresh` describes the arguments, the result, and what a failure leaves."""
        return refresh(self._place, self._source, waits=waits, asked=asked, watch=watch)

    def branches(self) -> list[Branch]:
        """The default branch first, then the one with the newest commit."""
        return self._of_this_url(self._reader.branches)

    def resolve(self, branch: str) -> Commit:
        """The newest commit of the branch with exactly this name."""
        return self._of_this_url(lambda: self._reader.resolve(branch))

    def read(self, sha: str, path: str, *, limit: int = READ_LIMIT) -> bytes:
        """A regular file of a commit; `path` from the top of the repository, `limit` in bytes."""
        self._require()
        return self._reader.read(sha, path, limit=limit)

    def entries(self, sha: str, *, most: int = MAX_FILES) -> list[TreeEntry]:
        """Every file, link and submodule of a commit. Raises GitError if there are more than `most`."""
        self._require()
        return self._reader.entries(sha, most=most)

    def listing(self, sha: str, *, most: int) -> Listing:
        """The first `most` entries of a commit. It costs no more if there are millions."""
        self._require()
        return self._reader.listing(sha, most=most)

    def tree(self, sha: str) -> str:
        """The hash of a commit's tree."""
        self._require()
        return self._reader.tree(sha)

    def commit(self, sha: str) -> Commit:
        """A commit, whether or not a branch leads to it."""
        self._require()
        return self._reader.commit(sha)

    def blobs(self, entries: Iterable[TreeEntry]) -> Iterator[tuple[TreeEntry, bytes | BinaryIO]]:
        """(entry, content) in the order given; content is bytes or, if large, a stream until the next."""
        self._require()
        return read_blobs(self._place.git_dir, entries, timeout=self._source.timeout)

    def fetched_at(self) -> datetime | None:
        """When the last good refresh ended; None before the first one."""
        return self._place.fetched_at()

    def size_bytes(self) -> int:
        """The size of the mirror on disk; 0 before the first refresh."""
        return directory_size(self._place.git_dir)

    def _of_this_url(self, read: Callable[[], T]) -> T:
        """The result of `read`, which reads branches. Raises GitError if these may be those of another address."""
        self._require(same_url=True)
        found = read()
        self._require(same_url=True)
        return found

    def _require(self, *, same_url: bool = False) -> Note:
        """The note of the last good fetch. Raises GitError if there is none, or with `same_url` none of this address.

        Commits stay readable after the address was changed, but branches have to be those of the new one.
        """
        note = self._place.note()
        if note is None or (same_url and note.url != self._source.url):
            raise GitError(
                f"{self._source.url} has not been read yet; a worker is fetching it.",
                code="mirror.missing",
                permanent=False,
            )
        return note
