from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.memory import Peak

# A child of ours, whose own child holds 60 MB.
PARENT = """
import subprocess, sys
child = subprocess.Popen(
    [sys.executable, "-c", "held = bytearray(b'x') * 60_000_000; print('ready', flush=True); input()"],
    stdin=sys.stdin,
)
child.wait()
"""


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is measured on Linux only")
@pytest.mark.parametrize(("command", "is_found"), [("import subprocess", True), ("nothing like it", False)])
def test_it_counts_a_process_with_all_that_it_started(command: str, is_found: bool) -> None:
    peak = Peak()
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        assert parent.stdin
        parent.stdout.readline()
        peak.look(parent.pid, command)
        parent.stdin.close()
    assert (60 < peak.mebibytes < 150) if is_found else (peak.mebibytes == 0)
