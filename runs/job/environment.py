"""Writes the file with a job's secrets and settings. The job script reads it; nothing prints it."""

from __future__ import annotations

import re
from collections.abc import Mapping

# The names of all that a job gets in this file, in their order: `runs.submission.assemble.job_environment`.
VARIABLES = (
    "MANTIK_RUN_ID",
    "MLFLOW_TRACKING_URI",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_EXPERIMENT_ID",
    "MLFLOW_RUN_ID",
    "MLFLOW_DISABLE_TELEMETRY",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT",
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def environment_file(variables: Mapping[str, str]) -> str:
    """Lines `NAME='value'` for a shell to read. Any text is safe as a value.

    Raises ValueError for a name that shells do not accept, and for a NUL character. The value is never in the message.
    """
    return "".join(f"{_checked(name, value)}={_quoted(value)}\n" for name, value in variables.items())


def _checked(name: str, value: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a name for an environment variable.")
    if "\0" in value:
        raise ValueError(f"The value of {name} has a NUL character in it.")
    return name


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"
