"""Process groups: a program with all that it starts, signalled and ended together.

A program that is started in a session of its own (`start_new_session`) leads a group of its own number.

Run by its path, this module is the reaper, which ends groups when the process that started them is gone, for whatever
reason. It reads `+<group>` and `-<group>` lines from its standard input. When that ends, it asks the groups that are
left to stop, and kills those that do not. To stay small it uses little of the standard library, and nothing else.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess

GRACE_SECONDS = 5.0
_LOOK_SECONDS = 0.05


def signal_group(group: int, number: int) -> bool:
    """Send a signal; False if no process is left in the group. Signal 0 only asks. Zombies count as processes."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        # macOS says "not permitted" of a group in which only a zombie is left.
        return False
    return True


def kill_group(process: subprocess.Popen[Any]) -> None:
    """End the group that `process` leads, unless it was waited for: its number may belong to others by now."""
    if process.returncode is None:
        signal_group(process.pid, signal.SIGKILL)


def end_groups(groups: Collection[int], *, grace: float) -> None:
    """Ask them to stop, and kill what is left of them after `grace` seconds."""
    for group in groups:
        signal_group(group, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(signal_group(group, 0) for group in groups):
        time.sleep(_LOOK_SECONDS)
    for group in groups:
        signal_group(group, signal.SIGKILL)


# The reaper


def main() -> None:
    # Ctrl-C and the end of a terminal are meant for the process that started this one.
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    end_groups(groups_left(sys.stdin), grace=GRACE_SECONDS)


def groups_left(lines: Iterable[str]) -> set[int]:
    """The groups that were added and not removed when `lines` ended."""
    groups: set[int] = set()
    for line in lines:
        change = groups.add if line[0] == "+" else groups.discard
        change(int(line[1:]))
    return groups


if __name__ == "__main__":
    main()
