"""Packs the code of one commit for a job: one archive, the same bytes for the same commit and exclusions."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import posixpath
import stat
import tarfile
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, TYPE_CHECKING, BinaryIO, Generic, Protocol, Self, TypeVar

from runs.backend_config import Exclude, memory_words
from runs.backend_config.units import count_words
from runs.mlproject.wording import listed, shortened

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

_SUBMODULE = 0o160000
# Up to this size an archive is kept in memory, above it in a temporary file.
_IN_MEMORY = 1024**2
# How many times the limit the code may have before it is packed. Text packs to a quarter; what packs to a hundredth is
# no code, and would fill the node's disk.
_UNPACKED_FACTOR = 100
# The same for files of Git LFS: data may pack to a quarter, so more than this is too large, and is not even fetched.
_LFS_FACTOR = 4
# gzip's level. Its default, 9, takes three times as long and saves a few per cent.
_COMPRESSION = 6
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_LFS_POINTER_SIZE = 1024
_LARGEST_SHOWN = 3


class TreeEntry(Protocol):
    """One entry of a commit's tree, as git lists it recursively: `mode` is git's ("100644" or 0o100644)."""

    @property
    def path(self) -> str: ...
    @property
    def mode(self) -> str | int: ...
    @property
    def size(self) -> int | None: ...


E = TypeVar("E", bound=TreeEntry)
Blobs = Callable[[Sequence[E]], Iterable[tuple[E, bytes | BinaryIO]]]


class PackError(Exception):
    """The code cannot be packed. `message` is a sentence for the user."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class LeftOut:
    """An entry of the commit that is not in the archive although no pattern excludes it, and why."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{shortened(self.path)} {self.reason}"


@dataclass(frozen=True)
class PackedCode:
    """A tar.gz of `size` bytes with `file_count` files of `unpacked_size` bytes. Close it when done.

    `excluded_count` files matched a pattern. `left_out` and `lfs_pointers` are what to warn of.
    """

    content: IO[bytes] = field(repr=False)
    size: int
    sha256: str
    file_count: int
    unpacked_size: int
    excluded_count: int
    left_out: tuple[LeftOut, ...] = ()
    lfs_pointers: tuple[LeftOut, ...] = ()

    def open(self) -> IO[bytes]:
        """The archive from its first byte. One reader at a time."""
        self.content.seek(0)
        return self.content

    def base64(self) -> str:
        """The archive as text for a job description. Only for small ones: it is held in memory."""
        return base64.b64encode(self.open().read()).decode("ascii")

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences on what is missing from the archive although no pattern excludes it."""
        sentences = [f"{entry}." for entry in self.left_out]
        sentences += [
            f"{pointer}. The job gets the Git LFS pointer, not the file behind it." for pointer in self.lfs_pointers
        ]
        return tuple(sentences)

    def describe(self) -> str:
        """In a few words: '12 files, 3.1 KiB packed, 4 excluded'."""
        words = [count_words(self.file_count, "file"), f"{memory_words(self.size)} packed"]
        return ", ".join(words + [f"{self.excluded_count} excluded"] * bool(self.excluded_count))

    def close(self) -> None:
        self.content.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def pack_code(
    *,
    entries: Iterable[E],
    blobs: Blobs[E],
    exclude: Exclude,
    keep: Collection[str] = (),
    missing: Mapping[str, str] | None = None,
    limit_bytes: int,
    mtime: int,
) -> PackedCode:
    """Packs the commit's tree `entries` minus `exclude`; paths in `keep` are never excluded.

    `blobs` yields (entry, content) for the entries it is given, in their order. `missing` says why the files behind a
    submodule or a Git LFS pointer are missing, by its path. Files carry `mtime` (seconds; take the commit's) and no
    owner, so equal input gives equal bytes. Raises PackError above `limit_bytes` packed.
    """
    reasons = missing or {}
    chosen = choose(entries, exclude, frozenset(keep), reasons)
    _check_unpacked(chosen.files, limit_bytes)
    packing = _Packing(chosen.files, limit_bytes, mtime, reasons)
    try:
        packing.write(blobs(chosen.files))
    except BaseException:
        packing.spool.close()
        raise
    return packing.result(chosen)


def goes_along(path: str, exclude: Exclude, keep: Collection[str]) -> bool:
    """Whether the job gets the file at `path`: no pattern excludes it, or it is one of those to `keep`."""
    return path in keep or not exclude.matches(path)


@dataclass(frozen=True)
class Chosen(Generic[E]):
    """What `choose` found: the `files` to pack, how many were `excluded`, and what is `left_out` for another reason."""

    files: list[E]
    excluded: int
    left_out: list[LeftOut]


def choose(
    entries: Iterable[E], exclude: Exclude, keep: frozenset[str], missing: Mapping[str, str] | None = None
) -> Chosen[E]:
    """Divide the entries of a commit into those to pack, those that are excluded, and those that are left out.

    `missing` says why a submodule is left out. The preview gives "" for a submodule that a worker will fetch, and does
    not show it as left out.
    """
    files: list[E] = []
    left_out: list[LeftOut] = []
    excluded = 0
    for entry in sorted(entries, key=lambda entry: entry.path):
        kind = stat.S_IFMT(_mode(entry))
        if kind == stat.S_IFDIR:
            continue
        if not goes_along(entry.path, exclude, keep):
            excluded += 1
        elif (reason := _unfit(entry.path, kind, missing or {})) is not None:
            left_out.append(LeftOut(entry.path, reason))
        else:
            files.append(entry)
    return Chosen(files, excluded, left_out)


def _mode(entry: TreeEntry) -> int:
    return int(entry.mode, 8) if isinstance(entry.mode, str) else entry.mode


def _unfit(path: str, kind: int, missing: Mapping[str, str]) -> str | None:
    if kind == _SUBMODULE:
        return missing.get(path, "is a submodule whose files could not be fetched")
    parts = path.split("/")
    # Git itself refuses these, but a repository need not have been made by git.
    if path.startswith("/") or any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
        return "has a path that no working copy may have"
    return None


def _check_unpacked(files: Sequence[TreeEntry], limit_bytes: int) -> None:
    total = sum(entry.size or 0 for entry in files)
    if total > limit_bytes * _UNPACKED_FACTOR:
        raise PackError(_too_large(files, f"The code is {memory_words(total)}", limit_bytes))


def check_lfs(size: int, *, limit_bytes: int) -> None:
    """Raise PackError if the files of Git LFS, `size` bytes in all, are far too large. Called before any is fetched."""
    if size > limit_bytes * _LFS_FACTOR:
        raise PackError(
            f"The Git LFS files are {memory_words(size)} together; packed, at most {memory_words(limit_bytes)} is "
            "allowed. "
            "Exclude what the job does not need in the Compute Backend config, or keep data at the site."
        )


def _too_large(files: Sequence[TreeEntry], what: str, limit_bytes: int) -> str:
    by_size = sorted(files, key=lambda entry: entry.size or 0, reverse=True)[:_LARGEST_SHOWN]
    largest = listed((f"{shortened(entry.path)} ({memory_words(entry.size or 0)})" for entry in by_size), "and")
    return (
        f"{what}; packed, at most {memory_words(limit_bytes)} is allowed. The largest files are {largest}. "
        "Exclude what the job does not need in the Compute Backend config, or keep data at the site."
    )


class _Limited(io.RawIOBase):
    """Counts and hashes what is written, and stops at the limit."""

    def __init__(self, target: IO[bytes], limit: int) -> None:
        self.target = target
        self.limit = limit
        self.size = 0
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        piece = bytes(data)
        self.size += len(piece)
        if self.size > self.limit:
            raise _LimitReached
        self.digest.update(piece)
        return self.target.write(piece)


class _LimitReached(Exception):
    pass


class _Packing(Generic[E]):
    def __init__(self, files: Sequence[E], limit_bytes: int, mtime: int, missing: Mapping[str, str]) -> None:
        self.missing = missing
        self.files = files
        self.limit_bytes = limit_bytes
        self.mtime = mtime
        # Handed over to PackedCode, which closes it.
        self.spool: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self.out = _Limited(self.spool, limit_bytes)
        self.file_count = 0
        self.unpacked_size = 0
        self.left_out: list[LeftOut] = []
        self.lfs_pointers: list[LeftOut] = []

    def write(self, contents: Iterable[tuple[E, bytes | BinaryIO]]) -> None:
        try:
            with (
                gzip.GzipFile("", "wb", _COMPRESSION, fileobj=self.out, mtime=0) as packed,
                tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8") as archive,
            ):
                self._write_all(archive, iter(contents))
        except _LimitReached:
            what = "The code is too large"
            raise PackError(_too_large(self.files, what, self.limit_bytes)) from None

    def _write_all(self, archive: tarfile.TarFile, contents: Iterator[tuple[E, bytes | BinaryIO]]) -> None:
        for entry in self.files:
            found, content = next(contents, (None, b""))
            if found is None or found.path != entry.path:
                raise PackError(
                    f"{shortened(entry.path)} could not be read from the commit. Press Read again on the page of the "
                    "code repository, then try again."
                )
            self._write_one(archive, entry, content)
            # tarfile remembers every entry that it wrote, which would only fill memory.
            archive.getmembers().clear()

    def _write_one(self, archive: tarfile.TarFile, entry: E, content: bytes | BinaryIO) -> None:
        if stat.S_ISLNK(_mode(entry)):
            self._write_link(archive, entry, _all(content))
            return
        size = len(content) if isinstance(content, bytes) else entry.size
        if size is None:
            content = _all(content)
            size = len(content)
        if size <= _LFS_POINTER_SIZE:
            content = _all(content)
            if content.startswith(_LFS_POINTER):
                reason = self.missing.get(entry.path, "was not fetched")
                self.lfs_pointers.append(LeftOut(entry.path, reason))
        info = self._info(entry.path, 0o755 if _mode(entry) & 0o100 else 0o644)
        info.size = size
        archive.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else content)
        self.file_count += 1
        self.unpacked_size += size

    def _write_link(self, archive: tarfile.TarFile, entry: E, content: bytes) -> None:
        target = content.decode("utf-8", "surrogateescape")
        end = posixpath.normpath(posixpath.join(posixpath.dirname(entry.path), target))
        if posixpath.isabs(target) or end == ".." or end.startswith("../") or "\0" in target:
            self.left_out.append(LeftOut(entry.path, f"is a link to {shortened(target)}, outside the repository"))
            return
        info = self._info(entry.path, 0o777)
        info.type, info.linkname = tarfile.SYMTYPE, target
        archive.addfile(info)
        self.file_count += 1

    def _info(self, path: str, mode: int) -> tarfile.TarInfo:
        info = tarfile.TarInfo(path)
        info.mode, info.mtime = mode, self.mtime
        return info

    def result(self, chosen: Chosen[E]) -> PackedCode:
        return PackedCode(
            content=self.spool,
            size=self.out.size,
            sha256=self.out.digest.hexdigest(),
            file_count=self.file_count,
            unpacked_size=self.unpacked_size,
            excluded_count=chosen.excluded,
            left_out=(*chosen.left_out, *self.left_out),
            lfs_pointers=tuple(self.lfs_pointers),
        )


def _all(content: bytes | BinaryIO) -> bytes:
    return content if isinstance(content, bytes) else content.read()
