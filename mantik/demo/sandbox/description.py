"""A submitted job description, read into what the site has to do."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mantik.demo.sandbox.execution import Program, command_line
from mantik.demo.sandbox.queues import Queues, ResourceUnreadable, check_numbers

Side = Literal["pre", "post"]
_DEFAULT_NAME = "UNICORE_Job"
_KINDS = {"NORMAL": "BATCH", "BATCH": "BATCH", "INTERACTIVE": "ON_LOGIN_NODE", "ON_LOGIN_NODE": "ON_LOGIN_NODE"}
_EXECUTION_ERROR = "eu.unicore.xnjs.ems.ExecutionException"
_ARGUMENT_ERROR = "java.lang.IllegalArgumentException"


class DescriptionRefused(Exception):
    """The description cannot be carried out. `message` is for the job's status, `log_line` for its log."""

    def __init__(self, reason: str, kind: str, *, java_class: str = _EXECUTION_ERROR) -> None:
        shown = reason if java_class == _EXECUTION_ERROR else f"{java_class}: {reason}"
        self.log_line = f"{shown} ({kind})"
        self.message = f"Processing failed: {java_class}: {reason}"
        if java_class == _EXECUTION_ERROR:
            self.message += f" ({kind})"
        super().__init__(self.message)


@dataclass(frozen=True)
class Request:
    """What a description asks for. `command` is None if it asks for nothing to be run."""

    document: Mapping[str, Any]
    name: str
    kind: str
    executable: str
    command: str | None

    def main_program(self, directory: Path, command: str) -> Program:
        stdin = self.document.get("Stdin")
        redirected = f" < {shlex.quote(str(directory / str(stdin)))}" if stdin else ""
        return Program(
            command + redirected,
            directory,
            directory,
            stdout=str(self.document.get("Stdout") or "stdout"),
            stderr=str(self.document.get("Stderr") or "stderr"),
            before="" if self._is_on_login_node("pre") else self._side_command("pre"),
            after="" if self._is_on_login_node("post") else self._side_command("post"),
        )

    def login_node_program(self, directory: Path, side: Side) -> Program | None:
        """The command before or after the main program that runs by itself, if there is one."""
        command = self._side_command(side)
        if not command or not self._is_on_login_node(side):
            return None
        name = f"{side.upper()}_0"
        return Program(command, directory, directory / f".UNICORE_{name}", prefix=f"{name}_")

    def ignores_exit_code(self, side: Side | None = None) -> bool:
        """Whether the job continues after its main program, or the command before it, has failed.

        UNICORE 11.0 does not heed the setting for the command afterwards, and neither do we.
        """
        if side == "post":
            return False
        return is_true(self.document.get("UserPrecommandIgnoreNonZeroExitCode" if side else "IgnoreNonZeroExitCode"))

    def _is_on_login_node(self, side: Side) -> bool:
        return is_true(self.document.get(f"RunUser{side.title()}commandOnLoginNode", "true"))

    def _side_command(self, side: Side) -> str:
        command = self.document.get(f"User {side}command") or ""
        return "".join(f"{line}\n" for line in command) if isinstance(command, list) else str(command)


def read_request(document: Mapping[str, Any], queues: Queues) -> Request:
    """Raises `DescriptionRefused`."""
    executable = _executable(document, queues)
    kind = _kind(document)
    try:
        check_numbers(asked_resources(document))
    except ResourceUnreadable as error:
        raise DescriptionRefused(str(error), "XNJS error", java_class=_ARGUMENT_ERROR) from None
    for key in ("Imports", "Exports"):
        if not isinstance(document.get(key) or [], (list, Mapping)):
            raise DescriptionRefused(f"'{key}' must be an array or a map", "Job description error")
    arguments = document.get("Arguments") or []
    return Request(
        document,
        name=str(document.get("Name") or _DEFAULT_NAME),
        kind=kind,
        executable=executable,
        command=command_line(executable, arguments) if executable else None,
    )


def asked_resources(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The `Resources` of a description; like the real server we take what is no object for nothing asked."""
    asked = document.get("Resources")
    return asked if isinstance(asked, Mapping) else {}


def read_tags(value: Any) -> list[str]:
    """Tags come as a list, or as one text with blanks or commas between them."""
    if isinstance(value, str):
        return value.replace(",", " ").split()
    return [str(tag) for tag in value] if isinstance(value, list) else []


def is_true(value: object) -> bool:
    return str(value).lower() == "true"


def _executable(document: Mapping[str, Any], queues: Queues) -> str:
    executable, name = document.get("Executable"), document.get("ApplicationName")
    if executable or not name:
        return str(executable or "")
    version = document.get("ApplicationVersion")
    found = queues.application(str(name), version)
    if found is None:
        wanted = f"{name} v{version}" if version else str(name)
        raise DescriptionRefused(
            f"The requested Application '{wanted}' is not available.", "Requested application is not defined"
        )
    return found


def _kind(document: Mapping[str, Any]) -> str:
    asked = str(document.get("Job type") or "BATCH").upper().replace(" ", "_")
    if asked not in _KINDS:
        reason = f"No enum constant eu.unicore.xnjs.idb.ApplicationInfo.JobType.{asked}"
        raise DescriptionRefused(reason, "XNJS error", java_class=_ARGUMENT_ERROR)
    return _KINDS[asked]
