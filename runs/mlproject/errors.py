"""The errors of an MLproject, and of values for its parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runs.mlproject.problem import Problem


class MLprojectError(Exception):
    """The MLproject cannot be used. `problems` has a sentence for each thing to change."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """All sentences in one line."""
        return " ".join(problem.message for problem in self.problems)


class ParameterErrors(Exception):
    """Values that an entry point cannot take. `errors` maps each parameter to its sentence."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """All sentences in one line."""
        return " ".join(self.errors.values())
