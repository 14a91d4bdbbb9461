"""Turns the bytes of an MLproject file into an MLproject, or into sentences that say what to change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from runs.mlproject.document import DocumentError, RepeatedKey, read_yaml
from runs.mlproject.entry_point_reader import ITEMS_NAMED, MAX_NAME_LENGTH, EntryPointReader, PartReader
from runs.mlproject.errors import MLprojectError
from runs.mlproject.problem import MAX_REPORTED, MORE, Problem
from runs.mlproject.project import EntryPoint, MLproject
from runs.mlproject.wording import closest, kind_of, listed, shortened, some_of

MAX_ENTRY_POINTS = 100

_TOP_KEYS = ("name", "entry_points", "conda_env", "python_env", "docker_env", "databricks_spark_job")


def parse_mlproject(content: bytes, *, path: str) -> MLproject:
    """Reads the MLproject at `path` of a code repository.

    Raises MLprojectError with everything that has to change before any of its entry points can be run. If only some
    cannot be run, `.broken` says why. `.warnings`, of the file and of each entry point, say what is doubtful.
    """
    repeated: list[RepeatedKey] = []
    try:
        top = read_yaml(content, path=path, repeated=repeated)
    except DocumentError as error:
        raise MLprojectError([Problem("", error.message)]) from None
    reader = _Reader(path)
    project = reader.project(top, repeated)
    if reader.report.problems:
        raise MLprojectError(reader.report.problems)
    if not project.entry_points:
        problems = [problem for problems in project.broken.values() for problem in problems]
        more = [MORE] if len(problems) > MAX_REPORTED else []
        raise MLprojectError([*problems[:MAX_REPORTED], *more])
    return project


class _Reader(PartReader):
    """Walks the file once."""

    def project(self, top: dict[str, Any], repeated: Sequence[RepeatedKey]) -> MLproject:
        self._repeated(repeated)
        self._environments(top)
        usable: dict[str, EntryPoint] = {}
        broken: dict[str, tuple[Problem, ...]] = {}
        for name, body in self._entry_points(top).items():
            reader = EntryPointReader(self.path)
            entry_point = reader.read(name, body)
            if reader.report.problems:
                broken[name] = tuple(reader.report.problems)
            else:
                usable[name] = replace(entry_point, warnings=tuple(reader.report.warnings))
        self._not_offered(broken)
        self.unknown(top, "", _TOP_KEYS)
        return MLproject(self.path, self._name(top), usable, tuple(self.report.warnings), broken)

    def _repeated(self, repeated: Sequence[RepeatedKey]) -> None:
        """Warn of repeated keys; as in MLflow, the last one counts."""
        if repeated:
            in_order = sorted(repeated, key=lambda found: found.line)
            named = some_of((f"{shortened(found.key)} (line {found.line})" for found in in_order), ITEMS_NAMED)
            fault = "has the same key twice in one mapping, and only the last one counts"
            self.warn("", f"{fault}: {named}. Remove the others.")

    def _not_offered(self, broken: Mapping[str, Sequence[Problem]]) -> None:
        for name, problems in list(broken.items())[:ITEMS_NAMED]:
            place = f"entry_points.{shortened(name)}"
            fault = problems[0].message.removeprefix(f"{self.path}: {place}")
            reason = f"its {fault[1:]}" if fault.startswith(".") else f"it{fault}"
            more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
            self.report.warn(
                place, f"{self.path}: the entry point {shortened(name)} is not offered, because {reason}{more}"
            )
        rest = [shortened(name) for name in broken][ITEMS_NAMED:]
        if rest:
            self.warn("entry_points", f"has {len(rest)} more that are not offered: {listed(rest, 'and')}.")

    # The environment of the file

    def _environments(self, top: dict[str, Any]) -> None:
        if "docker_env" in top:
            # Not a problem: many keep it to run locally, together with a Compute Backend config for the site.
            self.warn(
                "docker_env",
                "is not used, because compute nodes run no Docker. To run in that image, build an Apptainer "
                "image from it and name it under Environment.Apptainer in the Compute Backend config.",
            )
        if "databricks_spark_job" in top:
            self.problem("databricks_spark_job", "is not supported. Declare a command under entry_points instead.")
        for key in ("conda_env", "python_env"):
            if key in top:
                self.warn(
                    key,
                    "is not used: the environment of a run is set under Environment in the Compute Backend config.",
                )

    def _name(self, top: dict[str, Any]) -> str:
        name = top.get("name")
        if name is None or isinstance(name, str | int | float):
            return shortened("" if name is None else str(name), MAX_NAME_LENGTH)
        self.problem("name", f"is {kind_of(name)}. Write a text, or remove it.")
        return ""

    # Entry points

    def _entry_points(self, top: dict[str, Any]) -> dict[str, Any]:
        if "entry_points" not in top:
            guess = closest("entry_points", top)
            hint = f"The key {guess} is spelled differently." if guess else "Add one, with a command."
            self.problem("", f"declares no entry_points. {hint}")
            return {}
        declared = top["entry_points"]
        if not isinstance(declared, dict) or not declared:
            self.problem(
                "entry_points",
                f"is {self.described(declared)}. Write one entry point per key, each with a command.",
            )
            return {}
        if len(declared) > MAX_ENTRY_POINTS:
            self.problem("entry_points", f"has {len(declared)} entries; at most {MAX_ENTRY_POINTS} are allowed.")
            return {}
        return declared
