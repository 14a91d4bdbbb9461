from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mantik.up import restarts
from mantik.up.errors import ChildDied, StopRequested, UpError
from mantik.up.group import Group
from mantik.up.service_process import Child, Service
from tests.mantik.up.children import SLEEPS, STUBBORN, child, is_alive
from tests.support.waiting import wait_until


class Lines:
    """What the children wrote, in the place of a terminal."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self._then: dict[str, Callable[[], None]] = {}

    def when(self, line: str, then: Callable[[], None]) -> None:
        self._then[line] = then

    def __call__(self, name: str, line: str) -> None:
        self.seen.append((name, line))
        self._then.get(line, lambda: None)()


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


def test_a_line_that_a_service_hides_is_kept_but_not_shown(group: Group, lines: Lines) -> None:
    group.start([child("web", "print('noise: a'); print('one')", hides="noise:")])
    wait_until(lambda: lines.seen == [("web", "one")])
    assert group.children[0].last_lines() == ["noise: a", "one"]


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


# Says so when it is asked to stop, and then still has something to finish. Not by print(): the signal may come while
# another print() is not quite over, into which it must not break.
TIDIES_UP = """
import os, signal, sys, time
def stop(*_):
    os.write(1, b'asked\\n')
    time.sleep(0.3)
    open('tidy', 'w').close()
    sys.exit()
signal.signal(signal.SIGTERM, stop)
print('up', flush=True)
time.sleep(600)
"""
# Says so when it is asked to stop, and goes on.
GOES_ON = """
import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: os.write(1, b'asked\\n'))
print('up', flush=True)
while True: time.sleep(1)
"""


def test_a_command_that_is_stopped_has_its_grace(
    group: Group, lines: Lines, stop_requested: threading.Event, tmp_path: Path
) -> None:
    lines.when("up", stop_requested.set)
    with pytest.raises(StopRequested):
        group.run(child("migrate", TIDIES_UP, grace=20))
    assert (tmp_path / "tidy").exists()


def test_who_cannot_wait_kills_even_a_command(group: Group, lines: Lines, stop_requested: threading.Event) -> None:
    lines.when("up", stop_requested.set)
    lines.when("asked", group.kill)
    begun = time.monotonic()
    with pytest.raises(StopRequested):
        group.run(child("migrate", GOES_ON, grace=60))
    assert time.monotonic() - begun < 50


def test_a_requested_stop_interrupts_whatever_is_waited_for(group: Group, stop_requested: threading.Event) -> None:
    group.start([child("web", is_ready=lambda: False, patience=60)])
    threading.Timer(0.1, stop_requested.set).start()
    with pytest.raises(StopRequested):
        group.await_ready()


def test_stages_stop_in_reverse(group: Group, lines: Lines) -> None:
    says_so = (
        "import os, signal, sys, time\n"
        "def stop(*_):\n    os.write(1, b'stopped\\n')\n    sys.exit()\n"
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
    group.start([child("worker", GOES_ON, grace=600)])
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


# Started again


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses before the next start are short."""
    monkeypatch.setattr(restarts, "FIRST_PAUSE", timedelta(seconds=0.05))
    monkeypatch.setattr(restarts, "LONGEST_PAUSE", timedelta(seconds=0.05))


def watch_until(group: Group, is_so: Callable[[], bool]) -> None:
    def turn() -> bool:
        group.check()
        return is_so()

    wait_until(turn)


def said(lines: Lines) -> list[str]:
    return [line for name, line in lines.seen if name == "mantik"]


@pytest.mark.usefixtures("at_once")
def test_what_has_started_well_is_started_again_when_it_dies(group: Group, lines: Lines) -> None:
    group.start([child(name, restarts=True) for name in ("web", "submit", "beat")])
    group.await_ready()
    before = [one.pid for one in group.children]
    for pid in before[1:]:
        os.kill(pid, signal.SIGKILL)
    watch_until(group, lambda: sum(line.endswith("is started again") for line in said(lines)) == 2)
    after = [one.pid for one in group.children]
    assert after[0] == before[0]
    assert not set(after[1:]) & set(before)
    assert all(map(is_alive, after))
    assert sorted(said(lines)) == [
        "beat is started again",
        "beat was killed by SIGKILL; it is started again in 1 s",
        "submit is started again",
        "submit was killed by SIGKILL; it is started again in 1 s",
    ]
    group.stop()
    assert not any(map(is_alive, after))


@pytest.mark.usefixtures("at_once")
def test_what_dies_again_and_again_ends_the_rest_with_its_last_lines(group: Group, lines: Lines) -> None:
    program = "import os, sys; done = os.path.exists('done'); open('done', 'w'); print('no room')\nif done: sys.exit(1)"
    group.start([child("web"), child("worker", f"{program}\n{SLEEPS}", restarts=True)])
    wait_until(has_written(lines, "worker"))
    group.await_ready()
    os.kill(group.children[1].pid, signal.SIGKILL)
    expected = "worker ended with exit code 1, 5 times in a row. Its last lines:\n    no room"
    with pytest.raises(ChildDied) as caught:
        group.sleep(60)
    assert str(caught.value) == expected
    assert caught.value.exit_code == 1
    assert said(lines).count("worker is started again") == restarts.MOST_DEATHS - 1


def test_what_dies_before_its_start_has_gone_well_is_not_started_again(group: Group, lines: Lines) -> None:
    group.start([child("web", "raise SystemExit(3)", is_ready=lambda: False, restarts=True)])
    with pytest.raises(ChildDied, match="web ended with exit code 3"):
        group.await_ready()
    assert said(lines) == []


@pytest.mark.usefixtures("at_once")
def test_what_the_dead_one_has_left_is_gone_before_the_next_start(group: Group, lines: Lines) -> None:
    """As the processes of a web server that hold its port."""
    leaves = f"import os, time\nif os.fork(): print('mine', flush=True)\nelse: print(os.getpid(), flush=True)\n{SLEEPS}"
    group.start([child("web", leaves, restarts=True)])
    group.await_ready()
    wait_until(lambda: len(lines.seen) == 4)
    [left] = [int(line) for _, line in lines.seen if line.isdecimal()]
    first = group.children[0].pid
    os.kill(first, signal.SIGKILL)
    watch_until(group, lambda: group.children[0].pid != first)
    assert not is_alive(left)


def test_a_stop_does_not_wait_for_the_next_start(group: Group, lines: Lines, stop_requested: threading.Event) -> None:
    group.start([child("web", restarts=True)])
    group.await_ready()
    first = group.children[0].pid
    os.kill(first, signal.SIGKILL)
    watch_until(group, lambda: bool(said(lines)))
    stop_requested.set()
    with pytest.raises(StopRequested):
        group.sleep(60)
    group.stop()
    assert said(lines) == ["web was killed by SIGKILL; it is started again in 1 s"]


@pytest.mark.usefixtures("at_once")
def test_a_stop_that_comes_while_something_is_started_again_reaches_it(
    group: Group, monkeypatch: pytest.MonkeyPatch, stop_requested: threading.Event
) -> None:
    """A second Ctrl-C kills at once; that signal may come when the new process is there and not in any list yet."""
    group.start([child("web", STUBBORN, restarts=True, grace=600)])
    group.await_ready()
    first = group.children[0].pid
    launch = group._launch

    def launched_in_the_last_moment(service: Service) -> Child:
        made = launch(service)
        stop_requested.set()
        group.kill()
        return made

    monkeypatch.setattr(group, "_launch", launched_in_the_last_moment)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(StopRequested):
        group.sleep(60)
    second = group.children[0].pid
    assert second != first
    # Without a wait for its grace.
    wait_until(lambda: not is_alive(second))
    group.stop()


@pytest.mark.usefixtures("at_once")
def test_a_machine_that_has_no_room_for_a_process_is_tried_again(
    group: Group, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    group.start([child("web", restarts=True)])
    group.await_ready()
    launch, refusals = group._launch, [UpError("web cannot be started: python: Cannot allocate memory.")]

    def launched(service: Service) -> Child:
        if refusals:
            raise refusals.pop()
        return launch(service)

    monkeypatch.setattr(group, "_launch", launched)
    first = group.children[0].pid
    os.kill(first, signal.SIGKILL)
    watch_until(group, lambda: group.children[0].pid != first)
    assert said(lines)[1] == "web cannot be started: python: Cannot allocate memory; it is started again in 1 s"


def test_a_death_long_after_a_start_is_the_first_of_a_row() -> None:
    deaths = restarts.Deaths(soon=60)
    pauses = [deaths.pause_after(lived) for lived in (3600, 1, 59, 3600, 3600, 1, 1, 1)]
    assert None not in pauses
    assert deaths.in_a_row == 4
    assert deaths.pause_after(1) is None
