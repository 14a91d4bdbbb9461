"""Run a command beside a throw-away server. For the programs `tests.support.postgres` and `.redis`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mantik.up.errors import UpError
from mantik.up.group import Group
from mantik.up.output import silent
from mantik.up.service_process import Service

_NAMED_BY_MANTIK = ("DJANGO_SETTINGS_MODULE", "mantik.settings")
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def command_after_dashes(arguments: Sequence[str], *, program: str) -> list[str]:
    """The words after "--". Ends the program with its usage if there are none."""
    if list(arguments[:1]) != ["--"] or len(arguments) < 2:
        sys.exit(f"usage: python -m {program} -- COMMAND [ARGUMENT ...]")
    return list(arguments[1:])


def run_beside(
    service: Service,
    command: Sequence[str],
    *,
    environment: dict[str, str],
    directory: Path,
    preparation: Sequence[Service] = (),
) -> int:
    """Exit code of `command`, run with `environment` on top of ours while `service` is up.

    `preparation` runs first, each to its end. `directory` is where the servers run. Raises UpError.
    """
    group = Group(directory=directory, output=silent, is_stopping=lambda: False)
    try:
        for step in preparation:
            group.run(step)
        group.start([service])
        group.await_ready()
        return _run(command, environment)
    finally:
        group.stop()


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    try:
        child = subprocess.Popen(command, env=_own_environment() | environment)
    except OSError as error:
        raise UpError(f"{command[0]} cannot be started: {error.strerror}.") from None

    def pass_on(number: int, _frame: Any) -> None:
        # Ctrl-C has reached the command already, being in our process group; to be asked twice means hurry.
        if number != signal.SIGINT:
            child.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in _STOPS}
    try:
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    # As shells say it.
    return code if code >= 0 else 128 - code


def _own_environment() -> dict[str, str]:
    """As it was given to us: importing the package mantik has named its settings, and tests have others."""
    return {name: value for name, value in os.environ.items() if (name, value) != _NAMED_BY_MANTIK}
