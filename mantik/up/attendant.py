"""What the parent of worker groups becomes once it has forked them (`mantik/up/worker_groups.py`).

Run by its path in place of that process, with the process ids of its children, this module passes signals on to them.
When one of them ends, it stops the others and ends with the exit code of the first.

The workers keep sharing the memory that their parent had loaded. The parent itself needs none of it: replaced by a bare
Python, it takes 5 MB instead of 60. So this module imports only the standard library. The caller blocks the signals of
PASSED_ON before it forks; `attend` unblocks them once its handlers are installed.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from types import FrameType

PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
# Passed on as SIGTERM, "finish your tasks, then end". SIGINT: the terminal sends Ctrl-C to the whole process
# group, so the workers already have one, and Celery takes the second as "abort all tasks". SIGHUP: Celery takes it as
# "restart".
_AS_STOP = (signal.SIGINT, signal.SIGHUP)
# After the first worker has ended, the others have this long until SIGQUIT, and again until SIGKILL; before that they
# have no limit. A group without tasks ends at once, so a busy one gets its SIGQUIT within the stop_grace_period of
# docker-compose.yml (60 s). Tasks that are cut off are due again when their lease is over.
_GRACE_SECONDS = 45.0
_TICK_SECONDS = 0.1


def attend(workers: set[int]) -> int:
    """Wait until one worker ends, then stop the others; returns the exit code of the first."""

    def pass_on(number: int, _frame: FrameType | None) -> None:
        for pid in workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM if number in _AS_STOP else number)

    for number in PASSED_ON:
        # What we were started to ignore, such as SIGHUP under nohup, stays ignored.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    status = _first_end(workers)
    for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGKILL):
        pass_on(number, None)
        _await_ends(workers, seconds=_GRACE_SECONDS)
    code = os.waitstatus_to_exitcode(status)
    # Negative: killed by that signal, which shells report as 128 + its number.
    return code if code >= 0 else 128 - code


def _first_end(workers: set[int]) -> int:
    while True:
        pid, status = os.wait()
        # As the first process of a container, this one also gets the orphans of other processes, which are no workers.
        if pid in workers:
            workers.discard(pid)
            return status


def _await_ends(workers: set[int], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while workers and time.monotonic() < deadline:
        for pid in list(workers):
            if os.waitpid(pid, os.WNOHANG)[0]:
                workers.discard(pid)
        time.sleep(_TICK_SECONDS)


if __name__ == "__main__":
    sys.exit(attend({int(pid) for pid in sys.argv[1:]}))
