"""What other users of the machine could see."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path


def open_to_others(directory: Path) -> list[str]:
    """What lies there, itself included, and is anybody's but its owner's, as "path mode"."""
    return [
        f"{path.relative_to(directory.parent)} {stat.filemode(found.st_mode)}"
        for path, found in ((path, path.lstat()) for path in _all(directory))
        if not stat.S_ISLNK(found.st_mode) and stat.S_IMODE(found.st_mode) & 0o077
    ]


def _all(directory: Path) -> Iterator[Path]:
    yield directory
    yield from directory.rglob("*")
