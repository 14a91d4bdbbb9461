"""Small children for a group: Python programs given as text."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from mantik.up.service_process import Service

SLEEPS = "import time; print('up', flush=True); time.sleep(600)"
# SIGTERM does nothing to it.
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPS}"


def child(name: str, program: str = SLEEPS, **options: Any) -> Service:
    return Service(name, [sys.executable, "-S", "-E", "-c", program], **options)


def is_alive(pid: int) -> bool:
    """False for a zombie, too: it only waits for its parent to look."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return _state(pid) not in ("Z", "")


def _state(pid: int) -> str:
    # Small Linux images have no ps, and macOS has no /proc.
    if Path("/proc/self/stat").exists():
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return ""
    done = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()[:1]
