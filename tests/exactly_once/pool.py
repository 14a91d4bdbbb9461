"""The tests' end of the worker that is to be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.places import TOP

KILLED = -signal.SIGKILL


@dataclass(frozen=True)
class Kill:
    """SIGKILL at the `nth` (from 1) write or commit of a turn."""

    at: str
    nth: int
    after: bool

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.at} {self.nth}"


@dataclass(frozen=True)
class Turn:
    """`status` is an exit code, or KILLED; `boundaries` counts writes and commits, if it ended by itself."""

    status: int
    boundaries: Mapping[str, int]


class Worker:
    """Takes one turn at one run, or model, at a time. `environment` is that of a real worker."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._log = log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.exactly_once.worker"],
            cwd=TOP,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._turn = threading.Condition()
        self._pid = 0

    def take_turn(
        self,
        key: int,
        *,
        task: str = "submit",
        minutes: float = 0,
        kill: Kill | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Turn:
        """One turn at the row with the primary key `key`, to its end; its clock is `minutes` ahead."""
        order = {
            "id": key,
            "task": task,
            "minutes": minutes,
            "kill": vars(kill) if kill else None,
            "settings": dict(settings or {}),
        }
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        pid = self._answer()["pid"]
        with self._turn:
            self._pid = pid
            self._turn.notify_all()
        answer = self._answer()
        with self._turn:
            self._pid = 0
        return Turn(answer["status"], answer["boundaries"])

    def kill(self) -> None:
        """SIGKILL the turn that is under way, from any thread."""
        with self._turn, suppress(ProcessLookupError):
            # It may ask its first question before we have been told its number.
            assert self._turn.wait_for(lambda: self._pid, timeout=10)
            os.kill(self._pid, signal.SIGKILL)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, f"The worker ended. Its log is {self._log.name}."
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)
        self._log.close()
