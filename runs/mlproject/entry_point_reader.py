"""Reads one entry point of an MLproject; reports what is wrong with it and what is only doubtful."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from runs.mlproject.command import NAME, inspect_command
from runs.mlproject.parameters import (
    MLFLOW_CHECKS,
    TYPE_NAMES,
    BadValueError,
    Parameter,
    ParameterType,
    as_text,
    parameter_type,
)
from runs.mlproject.problem import Report
from runs.mlproject.project import EntryPoint
from runs.mlproject.wording import closest, listed, shortened, shown, some_of

MAX_PARAMETERS = 200
MAX_COMMAND_LENGTH = 16_384
MAX_NAME_LENGTH = 120
MAX_DESCRIPTION_LENGTH = 300
# How many names or faults of one kind a warning lists; it counts the others. Parameters have a note in the form, too.
ITEMS_NAMED = 5

_ENTRY_KEYS = ("parameters", "command")
_PARAMETER_KEYS = ("type", "default", "description")
_NOT_CHECKED = "not checked; passed as written"


class PartReader:
    """Reads a part of the file. Collects problems and warnings in `report`, as sentences that name the place."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.report = Report()

    def unknown(self, mapping: dict[str, Any], at: str, known: Collection[str]) -> None:
        for key in mapping:
            if key in known:
                continue
            guess = closest(key, known)
            hint = f"Did you mean {guess}?" if guess else f"Known keys are {listed(known, 'and')}."
            self.warn(
                f"{at}.{shortened(key)}" if at else shortened(key),
                f"is not a known key and is not used. {hint}",
            )

    def described(self, value: object) -> str:
        return "an empty mapping" if value == {} else shown(value)

    def problem(self, key: str, rest: str) -> None:
        self.report.problem(key, self.sentence(key, rest))

    def warn(self, key: str, rest: str) -> None:
        self.report.warn(key, self.sentence(key, rest))

    def sentence(self, key: str, rest: str) -> str:
        return f"{self.path}: {key} {rest}" if key else f"{self.path} {rest}"


class EntryPointReader(PartReader):
    """Reads one entry point, with a report of its own: if it is wrong, the others can still be used."""

    def read(self, name: str, body: object) -> EntryPoint:
        key = f"entry_points.{shortened(name)}"
        empty = EntryPoint(name, (), "")
        if not name.strip() or len(name) > MAX_NAME_LENGTH or not name.isprintable():
            self.problem(key, f"has no usable name. Use up to {MAX_NAME_LENGTH} ordinary characters.")
            return empty
        if not isinstance(body, dict):
            self.problem(
                key, f"is {self.described(body)}. Write a mapping with command, and parameters if it takes any."
            )
            return empty
        self.unknown(body, key, _ENTRY_KEYS)
        parameters = self._parameters(body.get("parameters"), f"{key}.parameters")
        declared = list(body.get("parameters") or ()) if isinstance(body.get("parameters"), dict) else []
        self._cautions(parameters, f"{key}.parameters")
        return EntryPoint(name, parameters, self._command(body, f"{key}.command", declared))

    def _command(self, body: dict[str, Any], key: str, declared: Collection[str]) -> str:
        command = body.get("command")
        if not isinstance(command, str) or not command.strip():
            state = f"is {self.described(command)}" if "command" in body else "is missing"
            self.problem(key, f"{state}. Write the shell command as one text, for example 'python train.py'.")
            return ""
        if len(command) > MAX_COMMAND_LENGTH:
            self.problem(
                key,
                f"has {len(command):,} characters; at most {MAX_COMMAND_LENGTH:,} are allowed. Use a script.",
            )
            return ""
        self._check_placeholders(command, key, declared)
        return command

    def _check_placeholders(self, command: str, key: str, declared: Collection[str]) -> None:
        template = inspect_command(command, declared)
        for fault in template.faults:
            self.problem(key, fault)
        quoted = dict.fromkeys(f"{{{found.name}}}" for found in template.placeholders if found.quoted)
        if quoted:
            those = "it" if len(quoted) == 1 else "them"
            self.warn(
                key,
                f"has {some_of(quoted, ITEMS_NAMED)} inside quotes. "
                f"Values bring their own quotes: remove those around {those}.",
            )
        if not template.faults:
            used = {found.name for found in template.placeholders}
            self._unused([shortened(name) for name in declared if name not in used], key)

    def _unused(self, names: Sequence[str], key: str) -> None:
        if len(names) == 1:
            self.warn(key, f"does not use the parameter {names[0]}. Add {{{names[0]}}}, or remove it.")
        elif names:
            named = some_of(names, ITEMS_NAMED)
            self.warn(key, f"does not use the parameters {named}. Add them, each in braces, or remove them.")

    # Parameters

    def _parameters(self, declared: object, key: str) -> tuple[Parameter, ...]:
        if declared is None:
            return ()
        if not isinstance(declared, dict):
            self.problem(key, f"is {self.described(declared)}. Write one parameter per key, for example 'epochs: int'.")
            return ()
        if len(declared) > MAX_PARAMETERS:
            self.problem(key, f"has {len(declared)} entries; at most {MAX_PARAMETERS} are allowed.")
            return ()
        return tuple(self._parameter(name, body, f"{key}.{shortened(name)}") for name, body in declared.items())

    def _parameter(self, name: str, body: object, key: str) -> Parameter:
        if not NAME.fullmatch(name) or len(name) > MAX_NAME_LENGTH:
            self.problem(key, "has no usable name. Use letters, digits, _ and -, and begin with a letter.")
        if isinstance(body, str):
            return self._typed(name, body, None, key)
        if not isinstance(body, dict):
            self.problem(key, f"is {self.described(body)}. Write a type, or a mapping with type and default.")
            return Parameter(name, ParameterType.STRING)
        self.unknown(body, key, _PARAMETER_KEYS)
        parameter = self._typed(name, body.get("type", "string"), body.get("default"), key)
        return replace(parameter, description=self._description(body.get("description"), f"{key}.description"))

    def _typed(self, name: str, word: object, default: object, key: str) -> Parameter:
        """A parameter with its type and default. MLflow accepts any, so odd ones only get a note."""
        kind = parameter_type(word) if isinstance(word, str) else None
        is_list = isinstance(default, list | dict)
        text = self._default(str(default) if is_list else default, f"{key}.default")
        if kind is None:
            unknown = shortened(word) if isinstance(word, str) and word.strip() else shown(word)
            return Parameter(name, ParameterType.UNKNOWN, text, unknown_type=unknown, note=_NOT_CHECKED)
        parameter = Parameter(name, kind, text)
        if not is_list and not parameter.default_fault:
            return parameter
        outcome = "type another" if _must_change(parameter) else "passed as written"
        return replace(parameter, note=f"not {kind.with_article}; {outcome}")

    def _default(self, value: object, key: str) -> str | None:
        try:
            return as_text(value)
        except BadValueError as error:
            self.problem(key, error.reason)
            return None

    def _description(self, value: object, key: str) -> str:
        if value is None or isinstance(value, str | int | float):
            return shortened(str(value or ""), MAX_DESCRIPTION_LENGTH)
        self.warn(key, f"is {self.described(value)} and is not used. Write a text.")
        return ""

    def _cautions(self, parameters: Sequence[Parameter], key: str) -> None:
        """Add one warning for all parameters: nobody would read one for each."""
        cautions = [_caution(parameter) for parameter in parameters if parameter.note]
        rest = len(cautions) - ITEMS_NAMED
        more = f" And {rest} more; see the note at each input." if rest > 0 else ""
        if cautions:
            self.report.warn(key, f"{self.path}: {' '.join(cautions[:ITEMS_NAMED])}{more}")


def _caution(parameter: Parameter) -> str:
    declared = f"{parameter.name} is declared {parameter.declared}"
    if parameter.type is ParameterType.UNKNOWN:
        guess = closest(parameter.unknown_type, TYPE_NAMES)
        hint = f" Did you mean {guess}?" if guess else ""
        return f"{declared}, which is not checked; it is passed as written.{hint}"
    outcome = ". Type another." if _must_change(parameter) else "; it is passed as written."
    return f"{declared} and its default is {shortened(str(parameter.default))}{outcome}"


def _must_change(parameter: Parameter) -> bool:
    """Whether MLflow would refuse the default."""
    return bool(parameter.default_fault) and parameter.type in MLFLOW_CHECKS
