"""Lists the paths where an MLproject may be, for a path that somebody typed into a form."""

from __future__ import annotations

import posixpath

from runs.mlproject.errors import MLprojectError
from runs.mlproject.problem import Problem
from runs.mlproject.wording import shortened

# MLflow takes any spelling of the name; these are the ones that people use.
_FILE_NAMES = ("MLproject", "mlproject", "MLProject", "MLPROJECT")


def mlproject_candidates(path: str) -> list[str]:
    """The paths to try, in this order, relative to the repository's root. `path` may name the file or its folder.

    Raises MLprojectError for a path that leaves the repository.
    """
    inside = _inside(path)
    names_file = bool(inside) and not path.rstrip().endswith("/")
    in_folder = [posixpath.join(inside, name) for name in _FILE_NAMES]
    return [inside, *in_folder] if names_file else in_folder


def _inside(path: str) -> str:
    cleaned = path.strip()
    parts = [part for part in cleaned.split("/") if part not in ("", ".")]
    if cleaned.startswith("/") or ".." in parts:
        raise _refused(path, "leads out of the code repository")
    if not cleaned.isprintable():
        raise _refused(path, "contains a line break or a control character")
    return "/".join(parts)


def _refused(path: str, what: str) -> MLprojectError:
    message = (
        f"The MLproject path '{shortened(path)}' {what}. "
        "Write it relative to the repository's root, for example training/MLproject."
    )
    return MLprojectError([Problem("", message)])
