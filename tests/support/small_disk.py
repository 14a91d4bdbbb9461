"""A file system that is quickly full."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest


class SmallDisk:
    """Mounted at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filling = path / "filling"

    def fill(self) -> None:
        """To the last byte."""
        with self._filling.open("ab", buffering=0) as file:
            for size in (2**16, 2**12, 1):
                _write_until_it_is_full(file, b"\0" * size)

    def make_room(self) -> None:
        self._filling.unlink()


@contextmanager
def small_disk(path: Path, *, megabytes: int) -> Iterator[SmallDisk]:
    """At `path`, an empty folder. Only root may mount; without it the test is skipped."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "mantik-test", str(path)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False) if os.geteuid() == 0 else None
    if done is None or done.returncode:
        _leave_out(done.stderr.strip() if done else "only root may mount one")
    try:
        yield SmallDisk(path)
    finally:
        # Also while a process that is just ending has a file open there.
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def _write_until_it_is_full(file: BinaryIO, piece: bytes) -> None:
    while True:
        try:
            file.write(piece)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return


def _leave_out(reason: str) -> None:
    sentence = f"No small file system could be mounted, so nothing was tried on a full disk: {reason}."
    if os.environ.get("CI") and os.geteuid() == 0:
        pytest.fail(sentence)
    pytest.skip(sentence)
