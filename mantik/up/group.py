"""A group of child processes: started, watched and stopped together."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from mantik.lib import processes
from mantik.up.errors import ChildDied, StopRequested, UpError
from mantik.up.restarts import Deaths
from mantik.up.service_process import Child, Output, Service

_TICK_SECONDS = 0.1
# The name under which the group's own lines appear among those of its children.
_OWN_NAME = "mantik"


class _Place:
    """A service, and the child that runs it now or ran it last."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.deaths = Deaths(soon=child.service.patience)
        self.has_started_well = False
        # By time.monotonic, while it is dead.
        self.starts_again_at: float | None = None


class Group:
    """Children in stages. A stage needs only earlier ones, so stages are stopped in reverse.

    `is_stopping` is asked while the group waits for anything, and before it starts anything again. Only one thread may
    use a group, except for `kill`: a signal handler or another thread may call it at any time, also while `stop` waits.
    """

    def __init__(self, *, directory: Path, output: Output, is_stopping: Callable[[], bool]) -> None:
        self._directory = directory
        self._output = output
        self._is_stopping = is_stopping
        self._stages: list[list[_Place]] = []
        self._is_killed = False
        self._commands: list[Child] = []
        # It ends the children if this process is killed and cannot do so itself (`mantik/lib/processes.py`).
        # Run by its path and without any packages, so that it starts at once and stays small.
        self._reaper = subprocess.Popen(  # noqa: S603 - every word of the command is ours
            [sys.executable, "-I", "-S", processes.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def children(self) -> list[Child]:
        return [place.child for place in self._places]

    @property
    def _places(self) -> list[_Place]:
        return [place for stage in self._stages for place in stage]

    def start(self, services: Iterable[Service]) -> None:
        """Start a stage, without waiting for it. Raises UpError."""
        self._stages.append([])
        for service in services:
            self._stages[-1].append(_Place(self._launch(service)))
            self._follow_kill()

    def run(self, service: Service) -> None:
        """Run a command to its end. Raises ChildDied if it fails, or if a child does meanwhile.

        If the wait ends first, the command is stopped.
        """
        child = self._launch(service)
        self._commands.append(child)
        self._follow_kill()
        try:
            self._wait_until(lambda: not child.is_running(), service.patience, f"{child.name} did not end")
            if child.exit_code != 0:
                raise _death(child)
        finally:
            # Taken off the list only afterwards, as in `stop`.
            self._finish([child], grace=service.grace)
            self._commands.remove(child)

    def await_ready(self) -> None:
        """Wait until all are ready. Raises ChildDied, UpError when it takes too long, StopRequested."""
        for place in self._places:
            service = place.child.service
            self._wait_until(service.is_ready, service.patience, f"{service.name} did not get ready")
            place.has_started_well = True

    def check(self) -> None:
        """Start again what has died and may. Raises StopRequested, or ChildDied for the first that may not."""
        if self._is_stopping():
            raise StopRequested
        for place in self._places:
            if not place.child.is_running():
                self._replace(place)

    def sleep(self, seconds: float) -> None:
        """Wait, and raise what `check` raises within a tick of its cause."""
        deadline = time.monotonic() + seconds
        self.check()
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, _TICK_SECONDS))
            self.check()

    def stop(self) -> None:
        """Stop all children, the last stage first. No process of theirs is left afterwards."""
        while self._stages:
            # Taken off the list only afterwards: `kill` reaches those that are being waited for.
            stage = self._stages[-1]
            children = [place.child for place in stage]
            self._finish(children, grace=max((child.service.grace for child in children), default=0))
            self._stages.pop()
        self._dismiss_reaper()

    def kill(self) -> None:
        """Kill all children at once, in no order, including a running command and a child that is being started."""
        self._is_killed = True
        for child in [*self.children, *self._commands]:
            child.kill()

    def _follow_kill(self) -> None:
        """Kill a child that was started just when a signal handler called `kill`, which could not see it yet."""
        if self._is_killed:
            self.kill()

    def _replace(self, place: _Place) -> None:
        """Decide when the dead child is started again, and start it when it is time. Raises ChildDied, UpError."""
        if place.starts_again_at is None:
            self._bury(place)
        elif time.monotonic() >= place.starts_again_at:
            self._start_again(place)

    def _bury(self, place: _Place) -> None:
        """End what the dead child has left, and set the time of its next start. Raises ChildDied if there is none."""
        child = place.child
        if not (child.service.restarts and place.has_started_well):
            raise _death(child)
        lived = time.monotonic() - child.started_at
        # What it has left behind would keep its port or continue to work.
        self._finish([child], grace=0)
        if not self._postpone(place, f"{child.name} {child.how_it_ended()}", lived=lived):
            raise _death(child, f", {place.deaths.in_a_row} times in a row")

    def _start_again(self, place: _Place) -> None:
        name = place.child.name
        try:
            child = self._launch(place.child.service)
        except UpError as error:
            # No memory for a process, say.
            if self._postpone(place, str(error).rstrip("."), lived=0):
                return
            raise
        place.child, place.starts_again_at = child, None
        self._follow_kill()
        self._output(_OWN_NAME, f"{name} is started again")

    def _postpone(self, place: _Place, what_happened: str, *, lived: float) -> bool:
        """Set the time of the next start and print it; False if the service is given up."""
        pause = place.deaths.pause_after(lived)
        if pause is None:
            return False
        place.starts_again_at = time.monotonic() + pause
        self._output(_OWN_NAME, f"{what_happened}; it is started again in {max(1, round(pause))} s")
        return True

    def _launch(self, service: Service) -> Child:
        try:
            child = Child(service, directory=self._directory, output=self._output)
        except OSError as error:
            raise UpError(f"{service.name} cannot be started: {service.command[0]}: {error.strerror}.") from None
        self._tell_reaper(f"+{child.pid}")
        return child

    def _finish(self, children: list[Child], *, grace: float) -> None:
        for child in children:
            child.ask_to_stop()
        deadline = time.monotonic() + grace
        for child in children:
            child.finish(deadline=deadline)
            self._tell_reaper(f"-{child.pid}")

    def _wait_until(self, is_so: Callable[[], bool], patience: float, complaint: str) -> None:
        deadline = time.monotonic() + patience
        while not is_so():
            if time.monotonic() > deadline:
                raise UpError(f"{complaint} within {patience:.0f} seconds. See its output above.")
            self.sleep(_TICK_SECONDS)

    def _tell_reaper(self, change: str) -> None:
        assert self._reaper.stdin is not None
        # If the reaper was killed, the children are still stopped in the ordinary way.
        with suppress(BrokenPipeError):
            self._reaper.stdin.write(f"{change}\n".encode())
            self._reaper.stdin.flush()

    def _dismiss_reaper(self) -> None:
        assert self._reaper.stdin is not None
        with suppress(BrokenPipeError):
            self._reaper.stdin.close()
        self._reaper.wait()


def _death(child: Child, more: str = "") -> ChildDied:
    return ChildDied(child.name, f"{child.how_it_ended()}{more}", child.last_lines(), exit_code=child.exit_code)
