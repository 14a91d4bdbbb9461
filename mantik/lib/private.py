"""Folders that only this process's user can read."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

# For our processes: only their own user can read what they make.
UMASK = 0o077


class NotOurs(Exception):
    """`str(error)` says whose folder cannot be used, and what to do."""


def make_private(directory: Path) -> None:
    """Make `directory`, or close an existing one to others.

    Raises NotOurs if it belongs to somebody else, or is no folder.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise NotOurs(f"{directory} belongs to somebody else, or is not a folder. Remove it, or name another.")
    directory.chmod(0o700)


def close_to_others(directory: Path) -> None:
    """Take away the permissions of everybody else on our files below `directory`. Links are left alone."""
    for folder, folders, files in os.walk(directory):
        for name in (*folders, *files):
            # Something may come and go meanwhile.
            with suppress(FileNotFoundError):
                _close(os.path.join(folder, name))  # noqa: PTH118 - a data directory has many files


def _close(path: str) -> None:
    found = os.lstat(path)
    if not stat.S_ISLNK(found.st_mode) and found.st_uid == os.getuid() and found.st_mode & UMASK:
        os.chmod(path, stat.S_IMODE(found.st_mode) & ~UMASK)  # noqa: PTH101 - the same
