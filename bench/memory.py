"""Memory of a process with all that it started, on Linux: shared pages are divided among those who share them."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PROC = Path("/proc")
_PERIOD_SECONDS = 0.5


class Peak:
    """The most that was seen at one moment: in all, and command lines with the share of each."""

    def __init__(self) -> None:
        self.shares: list[tuple[float, str]] = []

    @property
    def mebibytes(self) -> float:
        """0 if nothing was seen."""
        return sum(share for share, _ in self.shares)

    def look(self, root: int, command: str) -> None:
        """Count the first process below `root` whose command line holds `command`, with all below it."""
        if pid := find_process(root, command):
            members = _below(pid, _children())
            shares = [(_pss_kilobytes(member) / 1024, _command_line(member)) for member in members]
            self.shares = max(self.shares, shares, key=lambda seen: sum(share for share, _ in seen))


def find_process(root: int, command: str) -> int | None:
    """The first process below `root` whose command line holds `command`."""
    return next((pid for pid in _below(root, _children()) if command in _command_line(pid)), None)


@contextmanager
def peak_memory(root: int, command: str) -> Iterator[Peak]:
    """Looks twice a second while inside. Without /proc it sees nothing."""
    peak, done = Peak(), threading.Event()

    def watch() -> None:
        while not done.wait(_PERIOD_SECONDS):
            peak.look(root, command)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def _below(root: int, children: dict[int, list[int]]) -> Iterator[int]:
    """`root` first."""
    yield root
    for child in children.get(root, []):
        yield from _below(child, children)


def _children() -> dict[int, list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for entry in _PROC.glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            # The name may hold anything, also parentheses and blanks.
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
            found[parent].append(int(entry.parent.name))
    return found


def _command_line(pid: int) -> str:
    with suppress(OSError):
        return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def _pss_kilobytes(pid: int) -> int:
    with suppress(OSError):
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
