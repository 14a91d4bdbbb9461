"""Pointers of Git LFS, and the files that they stand for, as far as these were fetched."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# Bytes. A pointer is a text of a few lines; a file that is larger or smaller is none.
POINTER_SIZES = range(100, 1025)
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]+\n)*oid sha256:([0-9a-f]{64})\nsize (\d{1,15})\n?"
)
_DAY = 24 * 3600


class WrongContent(Exception):
    """The content that arrived has another size or another hash than its pointer says."""


@dataclass(frozen=True)
class Pointer:
    """`oid` is the file's SHA-256, `size` in bytes."""

    oid: str
    size: int

    @classmethod
    def parse(cls, content: bytes) -> Pointer | None:
        found = _POINTER.fullmatch(content)
        return cls(found[1].decode(), int(found[2])) if found else None


class ObjectStore:
    """Files by their hash below `directory`. Each is checked when it comes in, and put in place whole."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, pointer: Pointer) -> Path:
        return self.directory / pointer.oid[:2] / pointer.oid

    def has(self, pointer: Pointer) -> bool:
        try:
            if self.path(pointer).stat().st_size != pointer.size:
                return False
            # When room is needed, the files that nobody has asked for longest are deleted first.
            os.utime(self.path(pointer))
        except OSError:
            return False
        return True

    def put(self, pointer: Pointer, pieces: Iterable[bytes]) -> None:
        """Store the file of `pointer`. Raises WrongContent, and then keeps nothing."""
        target = self.path(pointer)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=self.directory, prefix="tmp_")
        try:
            digest, size = hashlib.sha256(), 0
            with os.fdopen(descriptor, "wb") as file:
                for piece in pieces:
                    size += len(piece)
                    digest.update(piece)
                    file.write(piece)
            if size != pointer.size or digest.hexdigest() != pointer.oid:
                raise WrongContent
            Path(name).replace(target)
        finally:
            Path(name).unlink(missing_ok=True)

    def make_room(self, size: int, *, most: int, keep: set[str]) -> None:
        """Delete files, those first that were not asked for longest, until `size` more make `most` at most in all.

        None in `keep` is deleted.
        """
        files = [path for path in self.directory.glob("*/*") if path.is_file()]
        facts = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in files)
        total = sum(length for _, length, _ in facts)
        for _, length, path in facts:
            if total + size <= most:
                break
            if path.name not in keep:
                path.unlink(missing_ok=True)
                total -= length
        self._remove_partial()

    def _remove_partial(self) -> None:
        """Delete the partial files of workers that were killed long ago."""
        for path in self.directory.glob("tmp_*"):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < time.time() - _DAY:
                    path.unlink()
