"""What has become of a process, whoever its parent is."""

from __future__ import annotations

import subprocess


def is_running(pid: int) -> bool:
    """A process that has ended and was not yet taken note of by its parent does not count."""
    asked = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state = asked.stdout.strip()
    return bool(state) and not state.startswith("Z")
