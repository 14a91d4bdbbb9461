"""What the parent of worker groups becomes once it has forked them (`mantik/up/worker_groups.py`).

Run by its path in place of that process, with the numbers of its children, this module passes signals on to them, ends
when one of them does, with that one's exit code, and stops the others first. What all of them share stays with them:
the parent needs nothing of it, and as a process of its own kind it takes 5 MB instead of 60. So it uses nothing but the
standard library. The signals that it passes on have to be blocked until it is there.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from types import FrameType

PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
# To Celery, the second Ctrl-C means to cut off all tasks, and the first has come from the terminal; a closed terminal
# means to begin anew.
_AS_STOP = (signal.SIGINT, signal.SIGHUP)
# Once one of them has ended, the others have so long after SIGTERM, and again after SIGQUIT. A task may take hours, and
# whoever stops us waits no longer. What is cut off is due again when its lease is over.
_GRACE_SECONDS = 45.0
_TICK_SECONDS = 0.1


def attend(workers: set[int]) -> int:
    """Until one of the children ends; its exit code."""

    def pass_on(number: int, _frame: FrameType | None) -> None:
        for pid in workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM if number in _AS_STOP else number)

    for number in PASSED_ON:
        signal.signal(number, pass_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
    status = _first_end(workers)
    for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGKILL):
        pass_on(number, None)
        _await_ends(workers, seconds=_GRACE_SECONDS)
    code = os.waitstatus_to_exitcode(status)
    # As a shell says it of who was killed by a signal.
    return code if code >= 0 else 128 - code


def _first_end(workers: set[int]) -> int:
    while True:
        pid, status = os.wait()
        # The first process of a container is also told of what others have left behind.
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
