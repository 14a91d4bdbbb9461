"""Runs git in a process group of its own, with limits of time and output; all of it ends together."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from git import Git
from git.exc import GitCommandNotFound

from connections.git.environment import git_environment
from connections.git.errors import GitError
from mantik.lib.processes import kill_group

_MAX_STDERR_BYTES = 64 * 1024
# Seconds between two calls of `watch`.
_TICK = 0.5


class GitFailed(Exception):
    """Git ended with an error; `words` is what it wrote, shortened. Not for users: see explain."""

    def __init__(self, words: str) -> None:
        super().__init__("git failed")
        self.words = words


class GitTimedOut(Exception):
    pass


class OutputTooLarge(Exception):
    pass


def run_git(
    arguments: Sequence[str],
    *,
    git_dir: Path,
    timeout: float,
    environment: Mapping[str, str] | None = None,
    most_output: int = 64 * 1024**2,
    lock: int | None = None,
    watch: Callable[[], None] | None = None,
    may_cut: bool = False,
) -> bytes:
    """Run `git <arguments>` in the repository `git_dir`. Returns what it writes to stdout.

    `timeout` is in seconds, `most_output` the number of bytes that are allowed. With `may_cut`, git is ended once it
    has written more, and these are returned. `lock` is a file descriptor that the process keeps open. `watch` is called
    twice a second and may raise to stop git. Raises GitFailed, GitTimedOut or OutputTooLarge, after the process group
    has ended.
    """
    deadline = time.monotonic() + timeout
    with git_process(arguments, git_dir=git_dir, environment=environment, lock=lock) as process:
        ended = read_to_end(process, deadline=deadline, most_output=most_output, may_cut=may_cut, watch=watch)
    if ended.code != 0:
        raise GitFailed(ended.words)
    return ended.output


@dataclass(frozen=True)
class Ended:
    """A process that has ended: what it wrote to stdout, and the beginning of what it wrote to stderr."""

    output: bytes
    words: str
    code: int


def read_to_end(
    process: subprocess.Popen[bytes],
    *,
    deadline: float,
    most_output: int,
    may_cut: bool = False,
    watch: Callable[[], None] | None = None,
) -> Ended:
    """Read what a process group writes, until it ends. `deadline` is monotonic; the others are as for `run_git`.

    Raises GitTimedOut or OutputTooLarge, after the group was killed.
    """
    assert process.stdout
    assert process.stderr
    output = _Pump(process.stdout, most_output, process)
    words = _Pump(process.stderr, _MAX_STDERR_BYTES, None)
    try:
        _wait(output, deadline, watch)
        _wait(words, deadline, watch)
    except BaseException:
        kill_group(process)
        # The readers have to end before the pipes are closed: another file could get the same descriptor.
        output.join(2)
        words.join(2)
        raise
    if output.overflowed and may_cut:
        return Ended(bytes(output.content), "", 0)
    if output.overflowed:
        raise OutputTooLarge
    return Ended(bytes(output.content), words.content.decode("utf-8", "replace"), _end(process, deadline))


@contextlib.contextmanager
def git_process(
    arguments: Sequence[str],
    *,
    git_dir: Path,
    environment: Mapping[str, str] | None = None,
    lock: int | None = None,
    stdin: int | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A running git. Its process group is killed at the end, because git starts helper processes for the network."""
    options: dict[str, Any] = {"start_new_session": True, "pass_fds": () if lock is None else (lock,)}
    try:
        started = Git(str(git_dir.parent)).execute(
            ["git", f"--git-dir={git_dir}", *arguments],
            istream=stdin,
            as_process=True,
            env=git_environment() | dict(environment or {}),
            **options,
        )
    except GitCommandNotFound:
        raise GitError(
            "The program git is not installed where Mantik runs. Ask an operator to install it.",
            code="git.not_installed",
            permanent=False,
        ) from None
    process: subprocess.Popen[bytes] = started.proc
    try:
        yield process
    finally:
        kill_group(process)
        _close(process)
        process.wait()


def _end(process: subprocess.Popen[bytes], deadline: float) -> int:
    try:
        return process.wait(timeout=max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise GitTimedOut from None


def _close(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            with contextlib.suppress(OSError, ValueError):
                stream.close()


def _wait(pump: _Pump, deadline: float, watch: Callable[[], None] | None) -> None:
    while True:
        left = deadline - time.monotonic()
        pump.join(max(0.0, min(_TICK, left)))
        if not pump.is_alive():
            return
        if left <= 0:
            raise GitTimedOut
        if watch:
            watch()


class _Pump(threading.Thread):
    """Reads a stream to its end and keeps the first `limit` bytes; kills `victim` once there are more."""

    def __init__(self, stream: IO[bytes], limit: int, victim: subprocess.Popen[bytes] | None) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._limit = limit
        self._victim = victim
        self.content = bytearray()
        self.overflowed = False
        self.start()

    def run(self) -> None:
        # Suppressed: the stream is closed when the process is killed.
        with contextlib.suppress(OSError, ValueError):
            while piece := os.read(self._stream.fileno(), 65536):
                self._keep(piece)

    def _keep(self, piece: bytes) -> None:
        room = self._limit - len(self.content)
        self.content += piece[:room]
        self.overflowed = self.overflowed or len(piece) > room
        if self.overflowed and self._victim:
            kill_group(self._victim)
