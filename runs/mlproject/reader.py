"""From the bytes of an MLproject file to an MLproject, or to sentences that say what to change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from runs.mlproject.command import NAME, inspect_command
from runs.mlproject.document import DocumentError, read_yaml
from runs.mlproject.errors import MLprojectError
from runs.mlproject.parameters import (
    TYPE_NAMES,
    BadValueError,
    Parameter,
    ParameterType,
    as_text,
    parameter_type,
)
from runs.mlproject.problem import Problem, Report
from runs.mlproject.project import EntryPoint, MLproject
from runs.mlproject.wording import closest, kind_of, listed, shortened, shown

MAX_ENTRY_POINTS = 100
MAX_PARAMETERS = 200
MAX_COMMAND_LENGTH = 16_384
MAX_NAME_LENGTH = 120

_TOP_KEYS = ("name", "entry_points", "conda_env", "python_env", "docker_env", "databricks_spark_job")
_ENTRY_KEYS = ("parameters", "command")
_PARAMETER_KEYS = ("type", "default")


def parse_mlproject(content: bytes, *, path: str) -> MLproject:
    """Reads the MLproject at `path` of a code repository.

    Raises MLprojectError with everything that has to change; what is only doubtful stands in `.warnings`.
    """
    try:
        top = read_yaml(content, path=path)
    except DocumentError as error:
        raise MLprojectError([Problem("", error.message)]) from None
    reader = _Reader(path)
    project = reader.project(top)
    if reader.report.problems:
        raise MLprojectError(reader.report.problems)
    return project


class _Reader:
    """Walks the file once. Each method returns what it could read and reports the rest."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.report = Report()

    def project(self, top: dict[str, Any]) -> MLproject:
        self._environments(top)
        entry_points = self._entry_points(top)
        self._unknown(top, "", _TOP_KEYS)
        return MLproject(self.path, self._name(top), entry_points, tuple(self.report.warnings))

    # The environment of the file

    def _environments(self, top: dict[str, Any]) -> None:
        if "docker_env" in top:
            # Many keep it for running locally, beside a Compute Backend config for the site.
            self._warn(
                "docker_env",
                "is not used, because compute nodes run no Docker. To run in that image, build an Apptainer "
                "image from it and name it under Environment.Apptainer in the Compute Backend config.",
            )
        if "databricks_spark_job" in top:
            self._problem("databricks_spark_job", "is not supported. Declare a command under entry_points instead.")
        for key in ("conda_env", "python_env"):
            if key in top:
                self._warn(
                    key,
                    "is not used: the Compute Backend config says under Environment what a run runs in.",
                )

    def _name(self, top: dict[str, Any]) -> str:
        name = top.get("name")
        if name is None or isinstance(name, str | int | float):
            return shortened("" if name is None else str(name), MAX_NAME_LENGTH)
        self._problem("name", f"is {kind_of(name)}. Write a text, or remove it.")
        return ""

    # Entry points

    def _entry_points(self, top: dict[str, Any]) -> dict[str, EntryPoint]:
        if "entry_points" not in top:
            guess = closest("entry_points", top)
            hint = f"The key {guess} is spelled differently." if guess else "Add one, with a command."
            self._problem("", f"declares no entry_points. {hint}")
            return {}
        declared = top["entry_points"]
        if not isinstance(declared, dict) or not declared:
            self._problem(
                "entry_points",
                f"is {self._is(declared)}. Write one entry point per key, each with a command.",
            )
            return {}
        if len(declared) > MAX_ENTRY_POINTS:
            self._problem("entry_points", f"has {len(declared)} entries, and {MAX_ENTRY_POINTS} are read at most.")
            return {}
        return {name: self._entry_point(name, body) for name, body in declared.items()}

    def _entry_point(self, name: str, body: object) -> EntryPoint:
        key = f"entry_points.{shortened(name)}"
        empty = EntryPoint(name, (), "")
        if not name.strip() or len(name) > MAX_NAME_LENGTH or not name.isprintable():
            self._problem(key, f"has no usable name. Use up to {MAX_NAME_LENGTH} ordinary characters.")
            return empty
        if not isinstance(body, dict):
            self._problem(key, f"is {self._is(body)}. Write a mapping with command, and parameters if it takes any.")
            return empty
        self._unknown(body, key, _ENTRY_KEYS)
        parameters = self._parameters(body.get("parameters"), f"{key}.parameters")
        declared = list(body.get("parameters") or ()) if isinstance(body.get("parameters"), dict) else []
        return EntryPoint(name, parameters, self._command(body, f"{key}.command", declared))

    def _command(self, body: dict[str, Any], key: str, declared: Collection[str]) -> str:
        command = body.get("command")
        if not isinstance(command, str) or not command.strip():
            state = f"is {self._is(command)}" if "command" in body else "is missing"
            self._problem(key, f"{state}. Write the shell command as one text, for example 'python train.py'.")
            return ""
        if len(command) > MAX_COMMAND_LENGTH:
            self._problem(
                key,
                f"has {len(command):,} characters, and {MAX_COMMAND_LENGTH:,} are allowed. Use a script.",
            )
            return ""
        self._check_placeholders(command, key, declared)
        return command

    def _check_placeholders(self, command: str, key: str, declared: Collection[str]) -> None:
        template = inspect_command(command, declared)
        for fault in template.faults:
            self._problem(key, fault)
        for name in dict.fromkeys(found.name for found in template.placeholders if found.quoted):
            self._warn(
                key,
                f"has {{{name}}} inside quotes. Values bring their own quotes: remove those around it.",
            )
        used = {found.name for found in template.placeholders}
        for name in declared:
            if name not in used and not template.faults:
                self._warn(
                    key,
                    f"does not use the parameter {shortened(name)}. Add {{{shortened(name)}}}, or remove it.",
                )

    # Parameters

    def _parameters(self, declared: object, key: str) -> tuple[Parameter, ...]:
        if declared is None:
            return ()
        if not isinstance(declared, dict):
            self._problem(key, f"is {self._is(declared)}. Write one parameter per key, for example 'epochs: int'.")
            return ()
        if len(declared) > MAX_PARAMETERS:
            self._problem(key, f"has {len(declared)} entries, and {MAX_PARAMETERS} are read at most.")
            return ()
        return tuple(self._parameter(name, body, f"{key}.{shortened(name)}") for name, body in declared.items())

    def _parameter(self, name: str, body: object, key: str) -> Parameter:
        if not NAME.fullmatch(name) or len(name) > MAX_NAME_LENGTH:
            self._problem(key, "has no usable name. Use letters, digits, _ and -, and begin with a letter.")
        if isinstance(body, str):
            return Parameter(name, self._type(body, key))
        if not isinstance(body, dict):
            self._problem(key, f"is {self._is(body)}. Write a type, or a mapping with type and default.")
            return Parameter(name, ParameterType.STRING)
        self._unknown(body, key, _PARAMETER_KEYS)
        kind = self._type(body.get("type", "string"), f"{key}.type")
        return Parameter(name, kind, self._default(body.get("default"), kind, f"{key}.default"))

    def _type(self, word: object, key: str) -> ParameterType:
        kind = parameter_type(word) if isinstance(word, str) else None
        if kind is None:
            self._problem(key, f"is {self._is(word)}, and no known type. Use {listed(TYPE_NAMES)}.")
        return kind or ParameterType.STRING

    def _default(self, value: object, kind: ParameterType, key: str) -> str | None:
        try:
            text = as_text(value)
            if text is not None:
                Parameter("", kind).clean(text)
        except BadValueError as error:
            self._problem(key, error.reason)
            return None
        return text

    # Sentences

    def _unknown(self, mapping: dict[str, Any], at: str, known: Collection[str]) -> None:
        for key in mapping:
            if key in known:
                continue
            guess = closest(key, known)
            hint = f"Did you mean {guess}?" if guess else f"Known keys are {listed(known, 'and')}."
            self._warn(
                f"{at}.{shortened(key)}" if at else shortened(key),
                f"is not a known key and is not used. {hint}",
            )

    def _is(self, value: object) -> str:
        return "an empty mapping" if value == {} else shown(value)

    def _problem(self, key: str, rest: str) -> None:
        self.report.problem(key, self._sentence(key, rest))

    def _warn(self, key: str, rest: str) -> None:
        self.report.warn(key, self._sentence(key, rest))

    def _sentence(self, key: str, rest: str) -> str:
        return f"{self.path}: {key} {rest}" if key else f"{self.path} {rest}"
