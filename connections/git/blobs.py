"""Contents of many files through one git process."""

from __future__ import annotations

import io
import subprocess
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast

from connections.git.errors import GitError
from connections.git.process import git_process
from connections.git.values import TreeEntry
from mantik.lib.processes import kill_group

# Bytes. Larger files are streamed.
_MAX_IN_MEMORY = 1024**2


def read_blobs(
    git_dir: Path, entries: Iterable[TreeEntry], *, timeout: float
) -> Iterator[tuple[TreeEntry, bytes | BinaryIO]]:
    """Each entry with its content, in order; submodules are left out.

    The content is bytes up to 1 MiB, else a stream, which can be read until the next pair is asked for. `timeout` is in
    seconds, for all of them together. Raises GitError.
    """
    with git_process(["cat-file", "--batch"], git_dir=git_dir, stdin=subprocess.PIPE) as process:
        watchdog = threading.Timer(timeout, kill_group, [process])
        watchdog.daemon = True
        watchdog.start()
        try:
            for entry in entries:
                if entry.kind != "submodule":
                    yield from _one(process, entry)
        finally:
            watchdog.cancel()


def _one(process: subprocess.Popen[bytes], entry: TreeEntry) -> Iterator[tuple[TreeEntry, bytes | BinaryIO]]:
    assert process.stdin
    assert process.stdout
    size = _ask(process.stdin, process.stdout, entry)
    stream = _Slice(process.stdout, size, entry)
    if size <= _MAX_IN_MEMORY:
        yield entry, stream.read()
    else:
        yield entry, cast(BinaryIO, io.BufferedReader(stream, 256 * 1024))
    stream.skip()
    process.stdout.read(1)


def _ask(stdin: IO[bytes], stdout: IO[bytes], entry: TreeEntry) -> int:
    try:
        stdin.write(f"{entry.object_id}\n".encode())
        stdin.flush()
    except BrokenPipeError:
        raise _unreadable(entry) from None
    answer = stdout.readline().split()
    if len(answer) != 3 or answer[1] != b"blob":
        raise _unreadable(entry)
    return int(answer[2])


class _Slice(io.RawIOBase):
    """The next `size` bytes of a stream."""

    def __init__(self, source: IO[bytes], size: int, entry: TreeEntry) -> None:
        self._source = source
        self._left = size
        self._entry = entry

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        if not wanted:
            return b""
        piece = self._source.read(wanted)
        if len(piece) < wanted:
            raise _unreadable(self._entry)
        self._left -= len(piece)
        return piece

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def skip(self) -> None:
        while self.read(_MAX_IN_MEMORY):
            pass


def _unreadable(entry: TreeEntry) -> GitError:
    return GitError(
        f"{entry.path} could not be read from Mantik's copy. Press Read again on the page of the code repository.",
        code="mirror.unreadable",
        permanent=False,
    )
