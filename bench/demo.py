"""`make demo` as a newcomer types it: seconds until the training is FINISHED, and the memory of all of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.ground import TOP, Ground
from bench.harness import Result
from bench.memory import peak_memory
from mantik.lib.processes import signal_group
from mantik.up.ports import free_port

_PATIENCE_SECONDS = 300
_FINISHED = "is FINISHED after"
# Of the make that runs us, and of the environment that we run in.
_NOT_INHERITED = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "VIRTUAL_ENV", "DJANGO_SETTINGS_MODULE", "SITE")


def demo(ground: Ground) -> Iterator[Result]:
    """From packages that were downloaded before to the end of the first training, in a fresh copy of this tree."""
    copy = ground.place("demo")
    _copy_tree(copy)
    with _running_demo(copy) as process, peak_memory(process.pid, "manage.py demo") as peak:
        taken = _seconds_to_the_end(process, ground)
    yield Result("demo.seconds", taken, "s")
    for share, command in sorted(peak.shares, reverse=True):
        ground.say("memory", f"{share:4.0f} MiB  {command[:110]}")
    assert peak.mebibytes, "Memory can be measured on Linux only."
    yield Result("demo.memory", peak.mebibytes, "MiB")


def _copy_tree(target: Path) -> None:
    """The files that git knows, or would take: what a clone of the next commit holds."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TOP,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in set(listed.stdout.split("\0")) - {""}:
        # A file that was removed, and whose removal is not committed yet, is still on the list.
        if (TOP / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, target / name)


@contextmanager
def _running_demo(directory: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MANTIK_") and name not in _NOT_INHERITED
    }
    process = subprocess.Popen(
        ["make", "demo"],
        cwd=directory,
        env={**environment, "DEMO_ONCE": "1", "PORT": str(free_port())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        yield process
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(subprocess.TimeoutExpired):
                if process.poll() is None:
                    signal_group(process.pid, number)
                process.wait(60)


def _seconds_to_the_end(process: subprocess.Popen[str], ground: Ground) -> float:
    """Until it says that the run is FINISHED. Then it is left to stop by itself, which has to end well."""
    begin = time.monotonic()
    finished = None
    alarm = threading.Timer(_PATIENCE_SECONDS, process.terminate)
    alarm.start()
    try:
        assert process.stdout is not None
        for line in process.stdout:
            elapsed = time.monotonic() - begin
            ground.say("demo", f"{elapsed:5.1f} s  {line.rstrip()}")
            if finished is None and _FINISHED in line:
                finished = elapsed
        code = process.wait()
    finally:
        alarm.cancel()
    assert code == 0, f"make demo ended with exit code {code}."
    assert finished is not None, "make demo did not say that its run is FINISHED."
    return finished
