"""Commits to pack, without git."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from runs.backend_config import Exclude
from runs.job import PackedCode, pack_code

MTIME = 1_700_000_000
MEBIBYTE = 1024**2


@dataclass(frozen=True)
class Entry:
    path: str
    mode: str
    content: bytes = b""

    @property
    def size(self) -> int | None:
        return None if self.mode == "160000" else len(self.content)


def file(path: str, content: bytes | str = b"", mode: str = "100644") -> Entry:
    return Entry(path, mode, content.encode() if isinstance(content, str) else content)


def link(path: str, target: str) -> Entry:
    return Entry(path, "120000", target.encode())


def blobs(entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes | BinaryIO]]:
    return ((entry, entry.content) for entry in entries)


def pack(entries: Iterable[Entry], *patterns: str, **changes: Any) -> PackedCode:
    usual: dict[str, Any] = {
        "blobs": blobs,
        "exclude": Exclude(patterns),
        "limit_bytes": MEBIBYTE,
        "mtime": MTIME,
    }
    return pack_code(entries=entries, **usual | changes)


def pack_files(files: Mapping[str, str]) -> PackedCode:
    return pack([file(path, content) for path, content in files.items()])


def unpack(code: PackedCode) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(code.open().read()), mode="r:gz") as archive:
        return {member.name: member for member in archive.getmembers()}


def contents(code: PackedCode) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(code.open().read()), mode="r:gz") as archive:
        files = {member.name: archive.extractfile(member) for member in archive.getmembers() if member.isfile()}
        return {name: stream.read() for name, stream in files.items() if stream}
