"""All files of a commit, with those of its submodules and of Git LFS, as far as they can be fetched.

Files that are excluded from a job are not fetched. A submodule or file that cannot be fetched stays as it is in the
commit, with the reason.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from connections.git.errors import GitError
from connections.git.lfs import fetch_objects
from connections.git.lfs_server import server_of
from connections.git.lfs_store import POINTER_SIZES, Pointer
from connections.git.mirror import Mirror
from connections.git.paths import too_many_files
from connections.git.place import disk_explained
from connections.git.submodules import MODULES, Route, absolute, parse_modules, routes
from connections.git.values import (
    MAX_FILES,
    MAX_SUBMODULE_DEPTH,
    MAX_SUBMODULES,
    TOO_MANY_SUBMODULES,
    USUAL_PATH,
    EntryKind,
    TreeEntry,
)

_ATTRIBUTES = ".gitattributes"


@dataclass(frozen=True)
class WholeEntry:
    """As TreeEntry, with its path from the top of the code.

    `own` is the entry in `mirror`, the mirror that has it. With `stored`, the content is read from that file instead.
    """

    path: str
    kind: EntryKind
    mode: str
    size: int | None
    mirror: Mirror = field(repr=False)
    own: TreeEntry = field(repr=False)
    stored: Path | None = None


@dataclass(frozen=True)
class Submodule:
    """A submodule at the commit `sha`: its own entries, and by path the sizes of its Git LFS files.

    `failure` says why it could not be fetched, as the end of a sentence; "" if it was.
    """

    sha: str
    entries: list[TreeEntry] = field(default_factory=list)
    lfs_bytes: dict[str, int] = field(default_factory=dict)
    failure: str = ""


@dataclass
class Whole:
    """The files of a commit. `missing` says by path why an entry is only what the commit has, a submodule without its
    files or a pointer, as the end of a sentence.

    `submodules` are those that were fetched, and those that could not be.
    """

    entries: list[WholeEntry] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    submodules: list[Submodule] = field(default_factory=list)
    lfs_bytes: int = 0

    def blobs(self, entries: Iterable[WholeEntry]) -> Iterator[tuple[WholeEntry, bytes | BinaryIO]]:
        """(entry, content) in the order given; content is bytes or, if large, a stream until the next."""
        for (mirror, is_stored), group in groupby(entries, key=lambda entry: (entry.mirror, entry.stored is not None)):
            together = list(group)
            yield from _stored(together) if is_stored else _packed(mirror, together)


def gather(
    mirror: Mirror,
    sha: str,
    *,
    wanted: Callable[[str], bool],
    route: Callable[[], Route],
    check_lfs: Callable[[int], None] = lambda _: None,
) -> Whole:
    """The commit `sha` of `mirror`, as far as paths are `wanted`.

    What is not on this machine yet is fetched. `route` returns how `mirror` itself is reached, and is called only if
    something has to be fetched. `check_lfs` gets the bytes of all Git LFS files together before one of them is
    fetched, and may raise. Raises GitError if trying again later will help.
    """
    return _Gathering(wanted, route, check_lfs, time.monotonic() + mirror.timeout).run(mirror, sha)


@dataclass
class _Part:
    """The commit itself, or a submodule whose files are below `prefix`."""

    mirror: Mirror
    sha: str
    prefix: str
    depth: int
    route: Callable[[], Route]
    entries: list[TreeEntry] = field(default_factory=list)
    pointers: dict[str, Pointer] = field(default_factory=dict)

    def as_submodule(self) -> Submodule:
        lfs_bytes = {path.removeprefix(self.prefix): pointer.size for path, pointer in self.pointers.items()}
        return Submodule(self.sha, self.entries, lfs_bytes)


class _Gathering:
    def __init__(
        self,
        wanted: Callable[[str], bool],
        route: Callable[[], Route],
        check_lfs: Callable[[int], None],
        deadline: float,
    ) -> None:
        self.wanted = wanted
        self.route = route
        self.check_lfs = check_lfs
        self.deadline = deadline
        self.parts: list[_Part] = []
        self.whole = Whole()
        # Files so far, and the letters by which the paths of submodules are longer than in their own repository.
        self.listed = self.longer = 0

    def run(self, mirror: Mirror, sha: str) -> Whole:
        self._add(_Part(mirror, sha, "", 0, cache(self.route)))
        for part in self.parts:
            self._find_pointers(part)
        self.whole.submodules += [part.as_submodule() for part in self.parts[1:]]
        self.whole.lfs_bytes = sum(pointer.size for part in self.parts for pointer in part.pointers.values())
        if self.whole.lfs_bytes:
            self.check_lfs(self.whole.lfs_bytes)
            for part in self.parts:
                self._replace_pointers(part)
        return self.whole

    # Submodules

    def _add(self, part: _Part) -> None:
        self.parts.append(part)
        part.entries = entries = part.mirror.entries(part.sha, most=MAX_FILES - self.listed)
        self.listed += len(entries)
        self.longer += len(part.prefix) * len(entries)
        if self.longer > MAX_FILES * USUAL_PATH:
            raise too_many_files(part.mirror.url)
        modules = self._modules(part, entries)
        for entry in entries:
            path = part.prefix + entry.path
            whole = WholeEntry(path, entry.kind, entry.mode, entry.size, part.mirror, entry)
            if entry.kind != "submodule" or not self.wanted(path) or not self._add_submodule(part, entry, modules):
                self.whole.entries.append(whole)

    def _modules(self, part: _Part, entries: list[TreeEntry]) -> dict[str, str]:
        if not any(entry.kind == "submodule" for entry in entries):
            return {}
        return parse_modules(part.mirror.list_config(part.sha, MODULES))

    def _add_submodule(self, part: _Part, entry: TreeEntry, modules: dict[str, str]) -> bool:
        path = part.prefix + entry.path
        if entry.path not in modules:
            return self._lacks_submodule(path, entry, f"is a submodule without an address in {MODULES}")
        # One of the parts is the repository itself.
        if part.depth >= MAX_SUBMODULE_DEPTH or len(self.parts) - 1 >= MAX_SUBMODULES:
            return self._lacks_submodule(path, entry, TOO_MANY_SUBMODULES)
        url = absolute(modules[entry.path], parent=part.mirror.url)
        mirror = part.mirror.sibling(key=_key(self.parts[0].mirror.key, url), url=url)
        way = cache(lambda: routes(url, parent=part.route())[0])
        if not mirror.has(entry.object_id):
            try:
                used = self._fetch(mirror, entry.object_id, routes(url, parent=part.route()))
            except GitError as error:
                if not error.permanent:
                    raise
                reason = f"is a submodule that could not be fetched: {error.message.rstrip('.')}"
                return self._lacks_submodule(path, entry, reason)
            way = cache(lambda: used)
        self._add(_Part(mirror, entry.object_id, f"{path}/", part.depth + 1, way))
        return True

    def _fetch(self, mirror: Mirror, sha: str, ways: list[Route]) -> Route:
        """Fetch by the first way that works, and return it. If none works, raises the error of the first.

        The first way may have a login, so its error says most.
        """
        errors: list[GitError] = []
        for way in ways:
            try:
                mirror.by(way, timeout=self.deadline - time.monotonic()).ensure(sha)
            except GitError as error:
                if not error.permanent:
                    raise
                errors.append(error)
            else:
                return way
        raise errors[0]

    # Git LFS

    def _find_pointers(self, part: _Part) -> None:
        """Find the pointers of Git LFS in a part: only if its attributes say that it uses LFS are small files read."""
        files = [entry for entry in self.whole.entries if entry.mirror is part.mirror and entry.kind == "file"]
        if not any(entry.own.path.rpartition("/")[2] == _ATTRIBUTES for entry in files):
            return
        mine = [entry for entry in files if entry.size in POINTER_SIZES and self.wanted(entry.path)]
        for entry, content in part.mirror.blobs([entry.own for entry in mine]):
            assert isinstance(content, bytes)
            if pointer := Pointer.parse(content):
                part.pointers[part.prefix + entry.path] = pointer

    def _replace_pointers(self, part: _Part) -> None:
        store = part.mirror.objects
        missing = {path: pointer for path, pointer in part.pointers.items() if not store.has(pointer)}
        reasons = self._fetch_objects(part, missing) if missing else {}
        for place, entry in enumerate(self.whole.entries):
            pointer = part.pointers.get(entry.path)
            if pointer is None or entry.mirror is not part.mirror:
                continue
            if pointer.oid in reasons:
                self._lacks(entry.path, reasons[pointer.oid])
            elif store.has(pointer):
                stored = store.path(pointer)
                self.whole.entries[place] = replace(entry, size=pointer.size, stored=stored)

    def _fetch_objects(self, part: _Part, missing: dict[str, Pointer]) -> dict[str, str]:
        wanted = set(missing.values())
        size, most = sum(pointer.size for pointer in wanted), part.mirror.max_bytes
        if size > most:
            return dict.fromkeys(
                (pointer.oid for pointer in wanted),
                "is left out: the Git LFS files of this commit are larger, together, than what Mantik keeps",
            )
        with disk_explained(part.mirror.url):
            part.mirror.objects.make_room(size, most=most, keep={pointer.oid for pointer in part.pointers.values()})
        try:
            server = server_of(part.mirror, part.sha, part.route(), deadline=self.deadline)
        except GitError as error:
            if not error.permanent:
                raise
            reason = f"could not be fetched: {error.message.rstrip('.')}"
            return dict.fromkeys((pointer.oid for pointer in wanted), reason)
        return fetch_objects(
            server, wanted, part.mirror.objects, ca_bundle=part.mirror.ca_bundle, deadline=self.deadline
        )

    def _lacks(self, path: str, reason: str) -> bool:
        self.whole.missing[path] = reason
        return False

    def _lacks_submodule(self, path: str, entry: TreeEntry, reason: str) -> bool:
        self.whole.submodules.append(Submodule(entry.object_id, failure=reason))
        return self._lacks(path, reason)


def _key(top: str, url: str) -> str:
    """The key of a submodule's mirror. It belongs to one code repository, because it may need that one's login."""
    return f"{top}-{hashlib.sha256(url.encode()).hexdigest()[:16]}"


def _packed(mirror: Mirror, entries: list[WholeEntry]) -> Iterator[tuple[WholeEntry, bytes | BinaryIO]]:
    contents = mirror.blobs([entry.own for entry in entries])
    for entry, (_, content) in zip((entry for entry in entries if entry.kind != "submodule"), contents, strict=False):
        yield entry, content


def _stored(entries: Iterable[WholeEntry]) -> Iterator[tuple[WholeEntry, bytes | BinaryIO]]:
    for entry in entries:
        assert entry.stored
        try:
            file = entry.stored.open("rb")
        except OSError:
            raise GitError(
                f"{entry.path} was removed from Mantik's copy. Mantik fetches it again.",
                code="lfs.gone",
                permanent=False,
            ) from None
        with file:
            yield entry, file
