"""The error for a Compute Backend config that cannot be used."""

from __future__ import annotations

from collections.abc import Sequence

from runs.mlproject.problem import Problem


class BackendConfigError(Exception):
    """The config cannot be used. `problems` has one sentence, with its key, for each thing to change."""

    def __init__(self, problems: Sequence[Problem], *, path: str) -> None:
        self.problems = tuple(problems)
        self.path = path
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """All sentences in one line, with the file's name in front."""
        return f"{self.path}: " + " ".join(problem.message for problem in self.problems)
