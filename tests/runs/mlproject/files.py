"""MLproject files to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from runs.mlproject import MLproject, MLprojectError, parse_mlproject

PATH = "training/MLproject"


def parse(text: str | bytes) -> MLproject:
    return parse_mlproject(text.encode() if isinstance(text, str) else text, path=PATH)


def file_of(command: str, parameters: Mapping[str, Any] | None = None) -> str:
    body: dict[str, Any] = {"command": command}
    if parameters:
        body["parameters"] = dict(parameters)
    return yaml.safe_dump({"entry_points": {"main": body}}, sort_keys=False, allow_unicode=True)


def warnings(text: str) -> list[str]:
    """The warnings of the file and of all its entry points."""
    project = parse(text)
    found = [*project.warnings, *(warning for each in project.entry_points.values() for warning in each.warnings)]
    return [warning.message for warning in found]


def refusals(text: str | bytes) -> list[str]:
    """The sentences that a file is refused with."""
    with pytest.raises(MLprojectError) as caught:
        parse(text)
    return [problem.message for problem in caught.value.problems]
