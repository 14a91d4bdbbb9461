"""Processes of this machine: parent and memory."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """`resident` in kilobytes."""

    pid: int
    parent: int
    resident: int


def processes() -> list[Process]:
    # Small Linux images have no ps, and macOS has no /proc.
    return list(_from_proc() if Path("/proc/self/status").exists() else _from_ps())


def _from_proc() -> Iterator[Process]:
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            facts = dict(line.split(":", 1) for line in status.read_text().splitlines())
        except OSError:
            # Ended meanwhile.
            continue
        yield Process(int(facts["Pid"]), int(facts["PPid"]), int(facts.get("VmRSS", "0").split()[0]))


def _from_ps() -> Iterator[Process]:
    done = subprocess.run(["ps", "-Ao", "pid,ppid,rss"], capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines()[1:]:
        yield Process(*map(int, line.split()))
