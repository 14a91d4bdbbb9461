"""What runs on this machine, as every user of it can see."""

from __future__ import annotations

import subprocess
from pathlib import Path

_PROC = Path("/proc/self/cmdline")


def command_lines() -> list[str]:
    if not _PROC.exists():
        done = subprocess.run(["ps", "-Ao", "args"], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()
    return [line for process in Path("/proc").glob("[0-9]*") if (line := _command_line(process))]


def _command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        # Ended meanwhile.
        return ""
