"""Programs are ended with all that they have started, and nobody else is."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from mantik.lib.processes import end_groups, groups_left, kill_group, signal_group
from tests.mantik.up.children import SLEEPS, STUBBORN, is_alive
from tests.support.waiting import wait_until

Starter = Callable[[str], "subprocess.Popen[str]"]

# It starts another one and says its number.
PARENT = f"""
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-S", "-E", "-c", {SLEEPS!r}], stdout=subprocess.DEVNULL).pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def start() -> Iterator[Starter]:
    """Starts a Python program that leads a group, and waits for its first line."""
    started: list[subprocess.Popen[str]] = []

    def run(program: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-S", "-E", "-c", program]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True))
        return started[-1]

    yield run
    for process in started:
        kill_group(process)
        process.wait()
        assert process.stdout
        process.stdout.close()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def reap(*processes: subprocess.Popen[str]) -> None:
    """As init does for a reaper, whose groups are not its own children."""
    for process in processes:
        threading.Thread(target=process.wait, daemon=True).start()


def test_a_group_is_killed_with_what_its_leader_started(start: Starter) -> None:
    parent = start(PARENT)
    helper = int(first_line(parent))
    assert is_alive(helper)

    kill_group(parent)

    assert parent.wait(10) == -signal.SIGKILL
    wait_until(lambda: not is_alive(helper))


def test_the_number_of_a_program_that_was_waited_for_may_be_anothers(
    start: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = start("pass")
    over.wait(10)
    killed: list[int] = []
    monkeypatch.setattr("os.killpg", lambda group, _number: killed.append(group))

    kill_group(over)

    assert killed == []


def test_a_signal_to_nobody_says_so(start: Starter) -> None:
    process = start(SLEEPS)
    assert signal_group(process.pid, 0)
    kill_group(process)
    process.wait(10)
    assert not signal_group(process.pid, 0)
    assert not signal_group(process.pid, signal.SIGKILL)


def test_groups_that_stop_when_asked_are_not_waited_for_any_longer(start: Starter) -> None:
    processes = [start(SLEEPS), start(SLEEPS)]
    assert [first_line(process) for process in processes] == ["up", "up"]
    reap(*processes)
    began = time.monotonic()

    end_groups({process.pid for process in processes}, grace=60)

    assert time.monotonic() - began < 30
    wait_until(lambda: [process.returncode for process in processes] == [-signal.SIGTERM] * 2)


def test_a_group_that_does_not_stop_is_killed(start: Starter) -> None:
    stubborn = start(STUBBORN)
    assert first_line(stubborn) == "up"

    end_groups({stubborn.pid}, grace=0.2)

    assert stubborn.wait(10) == -signal.SIGKILL


def test_the_reaper_keeps_count_of_what_is_left() -> None:
    assert groups_left(["+1\n", "+2\n", "-1\n", "+3\n"]) == {2, 3}
