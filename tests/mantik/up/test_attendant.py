"""The parent of worker groups, with other children in their place."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import pytest

from tests.support.waiting import wait_until

# Ignores the signals of the first argument, as under nohup, and no others, whatever the process that runs the tests
# ignores. Forks a child for each further argument, which is code that it runs, and becomes their attendant.
_PARENT = """\
import os, signal, sys
from mantik.up import attendant
for number in attendant.PASSED_ON:
    signal.signal(number, signal.SIG_IGN if str(int(number)) in sys.argv[1].split() else signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_BLOCK, attendant.PASSED_ON)
workers = []
for code in sys.argv[2:]:
    pid = os.fork()
    if pid == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, attendant.PASSED_ON)
        os.execv(sys.executable, [sys.executable, "-c", code])
    workers.append(str(pid))
os.execv(sys.executable, [sys.executable, "-I", "-S", attendant.__file__, *workers])
"""
# Each line in one write, so that those of two children are not mixed.
_WAITS = r"import os, time; os.write(1, b'here\n'); time.sleep(120)"
_ENDS = r"import os, sys; os.write(1, b'here\n'); sys.stdin.read(); os._exit(3)"
_SAYS = r"""
import os, signal, time
def say(number, frame):
    os.write(1, f'told {number}\n'.encode())
    os._exit(7)
signal.signal(signal.SIGTERM, say)
os.write(1, b'here\n')
time.sleep(120)
"""
# Says on SIGQUIT whether it was sent a SIGTERM before.
_WAS_STOPPED = r"""
import os, signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
def say(number, frame):
    os.write(1, f'{signal.SIGTERM in signal.sigpending()}\n'.encode())
    os._exit(7)
signal.signal(signal.SIGQUIT, say)
os.write(1, b'here\n')
time.sleep(120)
"""


@contextmanager
def parent_of(*children: str, ignores: Collection[signal.Signals] = ()) -> Iterator[subprocess.Popen[str]]:
    """Once all of them are there."""
    command = [sys.executable, "-c", _PARENT, " ".join(f"{number:d}" for number in ignores), *children]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        try:
            for _ in children:
                assert parent.stdout.readline() == "here\n"
            yield parent
        finally:
            parent.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_reaches_all_of_them_and_it_ends_when_they_have(number: signal.Signals) -> None:
    with parent_of(_SAYS, _SAYS) as parent:
        parent.send_signal(number)
        wait_until(lambda: parent.poll() is not None)
        assert parent.stdout
        assert parent.stdout.read() == f"told {signal.SIGTERM:d}\n" * 2
        assert parent.returncode == 7


def test_it_ends_when_one_of_them_does_and_stops_the_others() -> None:
    with parent_of(_WAITS, _ENDS) as parent:
        assert parent.stdin
        parent.stdin.close()
        # The other one dies of SIGTERM, and so lets go of its standard output.
        assert parent.wait(30) == 3
        assert parent.stdout
        assert parent.stdout.read() == ""


@pytest.mark.parametrize("ignores", [[], [signal.SIGHUP]], ids=["usual", "nohup"])
def test_a_closed_terminal_stops_them_unless_that_is_ignored(ignores: list[signal.Signals]) -> None:
    with parent_of(_WAS_STOPPED, ignores=ignores) as parent:
        parent.send_signal(signal.SIGHUP)
        parent.send_signal(signal.SIGQUIT)
        assert parent.wait(30) == 7
        assert parent.stdout
        assert parent.stdout.read() == f"{not ignores}\n"
