"""Registered models and their files in the format of MLflow's API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from runs.registered_models.contents import FileFact
from runs.registered_models.models import RegisteredModel


def place_of(model: RegisteredModel) -> str:
    """The address of the model's files for clients. Only this gateway understands it."""
    return f"mlflow-artifacts:/models/{model.uuid}"


def registered_model(model: RegisteredModel) -> dict[str, Any]:
    version = model_version(model)
    return {
        "name": model.registry_name,
        "creation_timestamp": version["creation_timestamp"],
        "last_updated_timestamp": version["last_updated_timestamp"],
        "description": model.description,
        "latest_versions": [version],
        "aliases": [{"alias": alias, "version": model.registry_version} for alias in version["aliases"]],
    }


def model_version(model: RegisteredModel) -> dict[str, Any]:
    aliases: Sequence[str] = sorted(found.alias for found in model.aliases.all())
    assert model.registered_at is not None
    return {
        "name": model.registry_name,
        "version": model.registry_version,
        "creation_timestamp": _milliseconds(model.created_at),
        "last_updated_timestamp": _milliseconds(model.registered_at),
        "user_id": model.created_by.username,
        "current_stage": "None",
        "description": model.description,
        "source": place_of(model),
        "run_id": model.run.mlflow_run_id,
        "status": "READY",
        "aliases": aliases,
    }


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def folder(files: Iterable[FileFact], path: str) -> list[dict[str, Any]]:
    """The entries of the folder `path` ("" for the top), by name, as MLflow's clients read them.

    Certificates list files and no folders, so folders follow from the paths of files. `path` is only compared with
    these: whatever it is, nothing is looked up by it.
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
