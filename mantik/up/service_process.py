"""A child process in a group of its own: its output is passed on, and it is stopped with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from mantik.lib.private import UMASK
from mantik.lib.processes import signal_group

LAST_LINES = 15
Output = Callable[[str, str], None]


@dataclass(frozen=True)
class Service:
    """What to run. `environment` is added to ours.

    `is_ready` is asked until it returns True, for `patience` seconds; a command (`Group.run`) may take so long in all.
    A service that dies within `patience` of its start counts as one that did not start. After SIGTERM the process has
    `grace` seconds.
    Lines that contain `hides` are not shown. `restarts`: it is started again if it dies after a start that went well.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    is_ready: Callable[[], bool] = lambda: True
    patience: float = 60
    grace: float = 10
    hides: str = ""
    restarts: bool = False


class Child:
    """A running service."""

    def __init__(self, service: Service, *, directory: Path, output: Output) -> None:
        self.service = service
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self._output = output
        # A session of its own: Ctrl-C reaches us alone, and we stop the children in order.
        self._process = subprocess.Popen(  # noqa: S603 - every word of the command is ours
            service.command,
            cwd=directory,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **service.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=UMASK,
        )
        self.started_at = time.monotonic()
        self._is_finished = False
        self._reader = threading.Thread(target=self._read, name=f"up-{service.name}", daemon=True)
        self._reader.start()

    @property
    def name(self) -> str:
        return self.service.name

    @property
    def pid(self) -> int:
        """The process id, which is also the number of its process group."""
        return self._process.pid

    def last_lines(self) -> list[str]:
        """The last lines of a process that has ended. Waits for what is left in the pipe, but not for its orphans."""
        self._reader.join(0.5)
        return list(self._lines)

    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def how_it_ended(self) -> str:
        code = self.exit_code
        if code is None:
            return "is still running"
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the process only: it knows best in which order its own children have to end."""
        if self.is_running():
            self._process.terminate()

    def finish(self, *, deadline: float) -> None:
        """Wait until `deadline` (of time.monotonic), then kill the process and what it left in its group."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, deadline - time.monotonic()))
        self.kill()
        self._is_finished = True
        self._process.wait()
        self._reader.join(2)

    def kill(self) -> None:
        """Kill the group, even if the process has ended: until `finish`, what it left still has this number."""
        if not self._is_finished:
            signal_group(self.pid, signal.SIGKILL)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                text = line.decode(errors="replace").rstrip()
                self._lines.append(text)
                if not self.service.hides or self.service.hides not in text:
                    self._output(self.name, text)
