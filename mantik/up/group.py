"""Children as one thing: started together, watched together, stopped together."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from mantik.lib import processes
from mantik.up.errors import ChildDied, StopRequested, UpError
from mantik.up.service_process import Child, Output, Service

_TICK_SECONDS = 0.1


class Group:
    """Children in stages: what a stage needs is in the ones before, so they stop in reverse.

    `is_stopping` is asked while anything is waited for. Not for use by several threads.
    """

    def __init__(self, *, directory: Path, output: Output, is_stopping: Callable[[], bool]) -> None:
        self._directory = directory
        self._output = output
        self._is_stopping = is_stopping
        self._stages: list[list[Child]] = []
        # By path, and without the packages of the environment and of ours: it starts at once and stays small.
        self._reaper = subprocess.Popen(  # noqa: S603 - every word of the command is ours
            [sys.executable, "-I", "-S", processes.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def children(self) -> list[Child]:
        return [child for stage in self._stages for child in stage]

    def start(self, services: Iterable[Service]) -> None:
        """Start a stage, without waiting for it. Raises UpError."""
        self._stages.append([])
        for service in services:
            self._stages[-1].append(self._launch(service))

    def run(self, service: Service) -> None:
        """Run a command to its end. Raises ChildDied if it fails, or if a child does meanwhile."""
        child = self._launch(service)
        try:
            self._wait_until(lambda: not child.is_running(), service.patience, f"{child.name} did not end")
            if child.exit_code != 0:
                raise _death(child)
        finally:
            self._finish([child], grace=0)

    def await_ready(self) -> None:
        """Wait until all are ready. Raises ChildDied, UpError when it takes too long, StopRequested."""
        for child in self.children:
            service = child.service
            self._wait_until(service.is_ready, service.patience, f"{service.name} did not get ready")

    def check(self) -> None:
        """Raises StopRequested, or ChildDied for the first child that has ended."""
        if self._is_stopping():
            raise StopRequested
        for child in self.children:
            if not child.is_running():
                raise _death(child)

    def sleep(self, seconds: float) -> None:
        """Raises what `check` raises, within a tick of its happening."""
        deadline = time.monotonic() + seconds
        self.check()
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, _TICK_SECONDS))
            self.check()

    def stop(self) -> None:
        """Stop all children, the last stage first. Nothing of them is left afterwards."""
        while self._stages:
            # Taken off the list only afterwards: `kill` reaches those that are being waited for.
            stage = self._stages[-1]
            self._finish(stage, grace=max((child.service.grace for child in stage), default=0))
            self._stages.pop()
        self._dismiss_reaper()

    def kill(self) -> None:
        """For who cannot wait: no order, no grace."""
        for child in self.children:
            child.kill()

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
                raise UpError(f"{complaint} within {patience:.0f} seconds. What it wrote stands above.")
            self.sleep(_TICK_SECONDS)

    def _tell_reaper(self, change: str) -> None:
        assert self._reaper.stdin is not None
        # If it was killed, the children are still stopped in the ordinary way.
        with suppress(BrokenPipeError):
            self._reaper.stdin.write(f"{change}\n".encode())
            self._reaper.stdin.flush()

    def _dismiss_reaper(self) -> None:
        assert self._reaper.stdin is not None
        with suppress(BrokenPipeError):
            self._reaper.stdin.close()
        self._reaper.wait()


def _death(child: Child) -> ChildDied:
    return ChildDied(child.name, child.how_it_ended(), child.last_lines(), exit_code=child.exit_code)
