"""Journals in a folder of this machine. Benchmarks use it, too, so it imports nothing of the tests' settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass
class LocalSource:
    """`reads`: how many bytes were asked for. `longest`: the most at once."""

    folder: Path
    longest: int = 0

    def size(self, path: str) -> int | None:
        place = self.folder / path
        return place.stat().st_size if place.is_file() else None

    def read(self, path: str, offset: int, length: int) -> bytes:
        self.longest = max(self.longest, length)
        with (self.folder / path).open("rb") as file:
            file.seek(offset)
            return file.read(length)
