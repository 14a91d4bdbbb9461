"""The shell script of a job and the process group it runs in."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mantik.demo.sandbox.cut_off import command as cut_off_command
from mantik.lib.processes import end_groups, signal_group

# What a job inherits. Nothing else: the site may have been started with the platform's own secrets around it.
_INHERITED = re.compile(r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TMPDIR|VIRTUAL_ENV")
_GRACE_SECONDS = 2.0


@dataclass(frozen=True)
class Program:
    """One thing to run in a job's directory: its main program, or a command before or after it.

    `output` is the directory for its stdout, stderr and exit code; `prefix` names the exit code file's kind.
    `before` and `after` are commands around it in the same shell, which do not count for the exit code.
    """

    command: str
    directory: Path
    output: Path
    stdout: str = "stdout"
    stderr: str = "stderr"
    prefix: str = ""
    before: str = ""
    after: str = ""

    @property
    def exit_code_file(self) -> Path:
        return self.output / f"{self.prefix}UNICORE_SCRIPT_EXIT_CODE"

    def exit_code(self) -> int | None:
        """What the program ended with; None if its shell ended before it could be written down."""
        with contextlib.suppress(OSError, ValueError):
            return int(self.exit_code_file.read_text())
        return None


def script(program: Program, description: Mapping[str, Any], resources: Mapping[str, str], owner: str) -> str:
    """The batch script a UNICORE server would write.

    Environment values stand between plain double quotes, as the real server writes them: `$`, backticks and
    quotes in a value act on the shell.
    """
    settings = {
        "UC_NODES": resources.get("Nodes", "-1"),
        "UC_PROCESSORS_PER_NODE": resources.get("CPUsPerNode", "-1"),
        "UC_TOTAL_PROCESSORS": resources.get("TotalCPUs", "-1"),
        "UC_RUNTIME": resources.get("Runtime", "-1"),
        "UC_MEMORY_PER_NODE": resources.get("MemoryPerNode", "-1"),
    }
    quoted = {
        **dict(_environment(description)),
        "UC_USERDN": owner,
        "UC_WORKING_DIRECTORY": f"{program.directory}/",
        "UC_OUTPUT_DIRECTORY": f"{program.output}/",
        "UC_EXECUTABLE": program.command.split("\n")[0],
    }
    lines = ["#!/bin/bash", "#TSI_SUBMIT", f"#TSI_PROJECT {resources.get('Project', 'NONE')}", "umask 0077"]
    lines += [f"{name}={value}; export {name}" for name, value in settings.items()]
    lines += [f'{name}="{value}"; export {name}' for name, value in quoted.items()]
    lines += ["PATH=$PATH:. ; export PATH", 'cd "${UC_WORKING_DIRECTORY}"']
    lines += [program.before, program.command, "", f'echo $? > "{program.exit_code_file}"', program.after, ""]
    return "\n".join(lines)


def _environment(description: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    entries = description.get("Environment") or {}
    if isinstance(entries, Mapping):
        yield from ((str(name), str(value)) for name, value in entries.items())
        return
    for entry in entries:
        name, _, value = str(entry).partition("=")
        yield name, value


def command_line(executable: str, arguments: Sequence[Any]) -> str:
    """Arguments follow as they are, unquoted: the server leaves quoting to the client."""
    return " ".join([executable, *map(str, arguments)])


class JobProcess:
    """A running script with everything it started."""

    def __init__(self, program: Program, text: str, *, cut_off: bool = False) -> None:
        """`cut_off`: in a network of its own, which leads nowhere."""
        program.output.mkdir(parents=True, exist_ok=True)
        program.exit_code_file.unlink(missing_ok=True)
        file = program.directory / f"TSI_submit_{time.time_ns() // 1_000_000}"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
            target.write(text)
        with (program.output / program.stdout).open("wb") as out, (program.output / program.stderr).open("wb") as err:
            self._process = subprocess.Popen(  # noqa: S603 - running what members send is what a site is for
                [*(cut_off_command() if cut_off else ()), "/bin/bash", str(file)],
                cwd=program.directory,
                env={name: value for name, value in os.environ.items() if _INHERITED.fullmatch(name)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        self._group = self._process.pid
        self._ending: threading.Thread | None = None

    def wait(self) -> None:
        """Wait until the script is over, then end what it left behind in its process group.

        If the script was asked to end, its programs have the same grace as the script itself.
        """
        self._process.wait()
        if self._ending:
            self._ending.join()
        signal_group(self._group, signal.SIGKILL)

    @property
    def was_killed(self) -> bool:
        """Whether a signal has ended the shell."""
        return (self._process.returncode or 0) < 0

    def stop(self) -> None:
        """Ask the whole group to end, and make it end soon after."""
        if self._ending is None:
            asked = {"groups": [self._group], "grace": _GRACE_SECONDS}
            self._ending = threading.Thread(target=end_groups, kwargs=asked, daemon=True)
            self._ending.start()

    def kill(self) -> None:
        """End the whole group at once."""
        signal_group(self._group, signal.SIGKILL)
