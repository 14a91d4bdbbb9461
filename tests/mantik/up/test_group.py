from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mantik.up.errors import ChildDied, StopRequested, UpError
from mantik.up.group import Group
from tests.mantik.up.children import SLEEPS, STUBBORN, child, is_alive
from tests.support.waiting import wait_until


class Lines:
    """What the children wrote, in the place of a terminal."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def __call__(self, name: str, line: str) -> None:
        self.seen.append((name, line))


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
def stop_requested() -> threading.Event:
    return threading.Event()


@pytest.fixture
def group(tmp_path: Path, lines: Lines, stop_requested: threading.Event) -> Iterator[Group]:
    made = Group(directory=tmp_path, output=lines, is_stopping=stop_requested.is_set)
    yield made
    made.kill()
    made.stop()


def has_written(lines: Lines, name: str) -> Callable[[], bool]:
    return lambda: any(found == name for found, _ in lines.seen)


def test_every_line_carries_the_name_of_who_wrote_it(group: Group, lines: Lines) -> None:
    group.start([child("web", "print('one'); print('zwei \\u00fc')"), child("worker", "print('three')")])
    wait_until(lambda: len(lines.seen) == 3)
    assert sorted(lines.seen) == [("web", "one"), ("web", "zwei ü"), ("worker", "three")]


def test_a_child_finds_what_it_is_given_in_its_environment(group: Group, lines: Lines) -> None:
    group.start([child("web", "import os; print(os.environ['GIVEN'])", environment={"GIVEN": "this"})])
    wait_until(lambda: lines.seen == [("web", "this")])
    assert lines.seen


def test_a_child_that_ends_is_named_with_its_last_lines(group: Group) -> None:
    program = "import sys; [print('line', n) for n in range(20)]; sys.exit(3)"
    group.start([child("web"), child("worker", program)])
    with pytest.raises(ChildDied) as caught:
        group.sleep(30)
    assert caught.value.name == "worker"
    assert str(caught.value).startswith("worker ended with exit code 3. Its last lines:\n    line 5\n")
    assert caught.value.last_lines[-1] == "line 19"
    assert len(caught.value.last_lines) == 15


def test_a_child_that_ends_well_has_died_all_the_same(group: Group) -> None:
    group.start([child("beat", "pass")])
    with pytest.raises(ChildDied, match=r"beat ended with exit code 0\. Its last lines:\n    \(it wrote nothing\)"):
        group.sleep(30)


def test_a_child_that_is_killed_is_named_with_the_signal(group: Group) -> None:
    group.start([child("web")])
    os.kill(group.children[0].pid, signal.SIGKILL)
    with pytest.raises(ChildDied, match=r"web was killed by SIGKILL\."):
        group.sleep(30)


def test_a_child_that_never_gets_ready_is_named(group: Group) -> None:
    group.start([child("web", is_ready=lambda: False, patience=0.2)])
    with pytest.raises(UpError, match=r"web did not get ready within 0 seconds\."):
        group.await_ready()


def test_a_child_that_dies_while_another_gets_ready_is_not_waited_for(group: Group) -> None:
    group.start([child("web", is_ready=lambda: False, patience=60), child("mlflow", "raise SystemExit(1)")])
    with pytest.raises(ChildDied, match="mlflow ended with exit code 1"):
        group.await_ready()


def test_a_program_that_is_not_there_is_named(group: Group) -> None:
    service = child("broker")
    with pytest.raises(UpError, match=r"broker cannot be started: /no/such/program: No such file or directory\."):
        group.start([type(service)("broker", ["/no/such/program"])])


def test_a_command_that_succeeds_is_run_to_its_end(group: Group, tmp_path: Path) -> None:
    group.run(child("migrate", "open('done', 'w').close()"))
    assert (tmp_path / "done").exists()
    assert group.children == []


def test_a_command_that_fails_is_named(group: Group) -> None:
    with pytest.raises(ChildDied, match=r"migrate ended with exit code 1\. Its last lines:\n    no such table"):
        group.run(child("migrate", "import sys; sys.exit('no such table')"))


def test_a_command_that_hangs_is_ended(group: Group, lines: Lines) -> None:
    with pytest.raises(UpError, match="migrate did not end within"):
        group.run(child("migrate", patience=0.2))
    assert group.children == []


def test_a_requested_stop_interrupts_whatever_is_waited_for(group: Group, stop_requested: threading.Event) -> None:
    group.start([child("web", is_ready=lambda: False, patience=60)])
    threading.Timer(0.1, stop_requested.set).start()
    with pytest.raises(StopRequested):
        group.await_ready()


def test_stages_stop_in_reverse(group: Group, lines: Lines) -> None:
    says_so = (
        "import signal, sys, time\n"
        "def stop(*_):\n    print('stopped', flush=True)\n    sys.exit()\n"
        "signal.signal(signal.SIGTERM, stop)\nprint('up', flush=True)\ntime.sleep(600)"
    )
    for name in ("broker", "worker"):
        group.start([child(name, says_so)])
        wait_until(has_written(lines, name))
    group.stop()
    assert [name for name, line in lines.seen if line == "stopped"] == ["worker", "broker"]


def test_who_does_not_stop_in_time_is_killed_with_all_it_started(group: Group, lines: Lines) -> None:
    parent = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]); print(p.pid)\n"
    group.start([child("worker", parent + STUBBORN, grace=0.2)])
    wait_until(lambda: len(lines.seen) == 3)
    grandchild = next(int(line) for _, line in lines.seen if line.isdecimal())
    pids = [group.children[0].pid, grandchild]
    group.stop()
    wait_until(lambda: not any(map(is_alive, pids)))
    assert group.children == []


def test_who_cannot_wait_kills_even_those_that_are_being_waited_for(group: Group, lines: Lines) -> None:
    says_so = (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: print('asked', flush=True))\n"
        "print('up', flush=True)\n"
        "while True: time.sleep(1)"
    )
    group.start([child("worker", says_so, grace=600)])
    wait_until(has_written(lines, "worker"))
    stopping = threading.Thread(target=group.stop)
    stopping.start()
    wait_until(lambda: ("worker", "asked") in lines.seen)
    group.kill()
    stopping.join(20)
    assert not stopping.is_alive()


def test_children_do_not_outlive_a_group_that_is_killed(tmp_path: Path) -> None:
    """Not even SIGKILL leaves them behind: the reaper notices."""
    program = f"""
import sys, time
from pathlib import Path
from mantik.up.group import Group
from mantik.up.output import silent
from mantik.up.service_process import Service
group = Group(directory=Path(sys.argv[1]), output=silent, is_stopping=lambda: False)
group.start([Service("one", [sys.executable, "-c", {SLEEPS!r}]), Service("two", [sys.executable, "-c", {STUBBORN!r}])])
group.run(Service("over", [sys.executable, "-c", "pass"]))
print(*(child.pid for child in group.children), flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        assert all(map(is_alive, pids))
        parent.kill()
    wait_until(lambda: not any(map(is_alive, pids)))
