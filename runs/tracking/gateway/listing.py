"""Folders, which certificates do not know: they list files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from runs.registered_models.contents import FileFact


def folder(files: Iterable[FileFact], path: str) -> list[dict[str, Any]]:
    """What is directly in the folder `path`, "" for the top, by name, as MLflow's clients read it.

    Compared letter by letter: whatever `path` says, nothing is looked up by it.
    """
    start = f"{path}/" if path else ""
    found: dict[str, dict[str, Any]] = {}
    for file in files:
        if not file.path.startswith(start):
            continue
        name, slash, _ = file.path.removeprefix(start).partition("/")
        found[name] = {"path": name, "is_dir": True} if slash else _file(name, file.size)
    return [found[name] for name in sorted(found)]


def _file(name: str, size: int) -> dict[str, Any]:
    return {"path": name, "is_dir": False, "file_size": size}
