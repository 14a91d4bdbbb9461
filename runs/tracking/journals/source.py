"""Where a journal is read from. What reads and applies it does not know whether that is a site or a table of ours."""

from __future__ import annotations

from typing import Protocol

# Bytes of a file that may be fetched in a turn of some seconds; a larger one is for a worker that has the time.
LARGE = 64 * 2**20


class LargeFile(Exception):
    """What is to be read next is too large for a short turn. `path`: that under which it was logged, if it was."""

    def __init__(self, path: str = "") -> None:
        super().__init__(path)
        self.path = path


class Source(Protocol):
    """The files of one relay's folder, as far as they are written. Paths are relative to it."""

    def size(self, path: str) -> int | None:
        """Bytes that the file has now; None if there is none. It may be less than a moment ago. Raises LargeFile."""

    def read(self, path: str, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`, which lies within the file. Fewer if fewer are there, or none."""
