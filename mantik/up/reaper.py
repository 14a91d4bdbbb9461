"""Ends process groups when whoever started them is gone, however it went: `python -m mantik.up.reaper`.

It reads `+<group>` and `-<group>` lines from its standard input. When that ends, the groups that are left are
asked to stop, and killed if they do not. Needs only the standard library, to stay small.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE_SECONDS = 5.0


def main() -> None:
    # Ctrl-C is meant for the one who started us, and so is a stop of the whole terminal.
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    end(groups_left(sys.stdin))


def groups_left(lines: Iterable[str]) -> set[int]:
    """What was added and not taken away again, once `lines` end."""
    groups: set[int] = set()
    for line in lines:
        change = groups.add if line[0] == "+" else groups.discard
        change(int(line[1:]))
    return groups


def end(groups: set[int]) -> None:
    for group in groups:
        signal_group(group, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and any(signal_group(group, 0) for group in groups):
        time.sleep(0.05)
    for group in groups:
        signal_group(group, signal.SIGKILL)


def signal_group(group: int, number: int) -> bool:
    """False if nobody is left in the group. Signal 0 only asks."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        # macOS says "not permitted" of a group in which only a zombie is left.
        return False
    return True


if __name__ == "__main__":
    main()
