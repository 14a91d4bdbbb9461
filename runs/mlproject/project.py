"""An MLproject as values: entry points, their parameters, and the command line for given values."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from runs.mlproject.command import fill
from runs.mlproject.errors import MLprojectError, ParameterErrors
from runs.mlproject.parameters import BadValueError, Parameter
from runs.mlproject.problem import Problem
from runs.mlproject.wording import closest, listed, shortened


@dataclass(frozen=True)
class EntryPoint:
    """A command with typed parameters, in the order of the file. `warnings` are for whoever runs it."""

    name: str
    parameters: tuple[Parameter, ...]
    command: str
    warnings: tuple[Problem, ...] = ()

    def clean(self, values: Mapping[str, object]) -> dict[str, str]:
        """Every parameter's value as text, defaults filled in, in declared order. Raises ParameterErrors."""
        errors = {name: self._unknown(name) for name in values if name not in self._names()}
        cleaned: dict[str, str] = {}
        for parameter in self.parameters:
            try:
                cleaned[parameter.name] = self._value(parameter, values.get(parameter.name))
            except BadValueError as error:
                errors[parameter.name] = f"{parameter.name} {error.reason}"
        if errors:
            raise ParameterErrors(errors)
        return cleaned

    def command_line(self, values: Mapping[str, object]) -> str:
        """The shell command for these values, each quoted as MLflow does it. Raises ParameterErrors."""
        return fill(self.command, {name: shlex.quote(text) for name, text in self.clean(values).items()})

    def _value(self, parameter: Parameter, value: object) -> str:
        text = parameter.clean(value)
        if text is None:
            text = parameter.fallback()
        if text is None:
            kind = f"a value ({parameter.declared})" if parameter.unknown_type else parameter.type.with_article
            raise BadValueError(f"is missing. The entry point {self.name} needs {kind} for it.")
        return text

    def _names(self) -> list[str]:
        return [parameter.name for parameter in self.parameters]

    def _unknown(self, name: str) -> str:
        guess = closest(name, self._names())
        if guess:
            return f"{shortened(name)} is not a parameter of the entry point {self.name}. Did you mean {guess}?"
        takes = f"It takes {listed(self._names(), 'and')}." if self.parameters else "It takes none."
        return f"{shortened(name)} is not a parameter of the entry point {self.name}. {takes}"


@dataclass(frozen=True)
class MLproject:
    """An MLproject. `path` is relative to the root of the code repository.

    `entry_points` has at least one, in the order of the file. `broken` says why others cannot be run. `warnings` matter
    whichever entry point is run.
    """

    path: str
    name: str
    entry_points: Mapping[str, EntryPoint]
    warnings: tuple[Problem, ...] = ()
    broken: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)

    @property
    def directory(self) -> str:
        """The folder that commands run in, relative to the repository's root; blank for the root."""
        return posixpath.dirname(self.path)

    @property
    def default_entry_point(self) -> EntryPoint:
        """`main`, or else the first that can be run."""
        return self.entry_points.get("main") or next(iter(self.entry_points.values()))

    def entry_point(self, name: str) -> EntryPoint:
        """The entry point called `name`. Raises MLprojectError if there is none, or if it cannot be run."""
        if name in self.entry_points:
            return self.entry_points[name]
        if name in self.broken:
            raise MLprojectError(self.broken[name])
        message = f"{self.path} has no entry point '{shortened(name)}'. {_choose(name, self.entry_points)}"
        raise MLprojectError([Problem("entry_points", message)])


def _choose(name: str, known: Iterable[str]) -> str:
    guess = closest(name, known)
    return f"Did you mean {guess}?" if guess else f"Choose {listed(known)}."
