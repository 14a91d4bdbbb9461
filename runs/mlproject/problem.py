"""One thing wrong, or doubtful, in a file that a user wrote."""

from __future__ import annotations

from dataclasses import dataclass, field

# How many problems of a file are reported. Nobody corrects more at once; the rest shows after these are fixed.
MAX_REPORTED = 50


@dataclass(frozen=True)
class Problem:
    """`message` is a sentence. `key` is the place in the file ("Resources.Nodes"), blank for the whole file."""

    key: str
    message: str

    def __str__(self) -> str:
        return self.message


# Stands after the last of those.
MORE = Problem("", f"There is more than these {MAX_REPORTED}. Mend them, and the rest is shown.")


@dataclass
class Report:
    """Collects what is found in one file, to report it all at once, up to MAX_REPORTED of each kind."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def problem(self, key: str, message: str) -> None:
        self._add(self.problems, key, message)

    def warn(self, key: str, message: str) -> None:
        self._add(self.warnings, key, message)

    def _add(self, to: list[Problem], key: str, message: str) -> None:
        if len(to) < MAX_REPORTED:
            to.append(Problem(key, message))
        elif len(to) == MAX_REPORTED:
            to.append(MORE)
